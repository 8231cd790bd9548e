"use strict";

// Addresses are relative to the page, which may be behind a proxy and below any path.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#page",
  deepLinking: true,
  validatorUrl: null, // nothing is sent to anybody
  onComplete: () => {
    document.title = document.querySelector(".info .title")?.firstChild?.textContent ?? document.title;
  },
});
