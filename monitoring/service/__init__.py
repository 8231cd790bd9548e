"""The work: profiles, checks, verdicts and reports. No Flask, no SQL, no environment."""
