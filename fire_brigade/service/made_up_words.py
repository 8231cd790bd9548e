"""Words that made-up records are put together from."""

import numpy as np

INCIDENT_KINDS = np.array(
    [  # group, stop code, special service
        ("False Alarm", "AFA", ""),
        ("False Alarm", "AFA", ""),
        ("False Alarm", "False alarm - Good intent", ""),
        ("Special Service", "Special Service", "Lift Release"),
        ("Special Service", "Special Service", "Effecting entry/exit"),
        ("Special Service", "Special Service", "Flooding"),
        ("Special Service", "Special Service", "RTC"),
        ("Fire", "Primary Fire", ""),
        ("Fire", "Secondary Fire", ""),
    ]
)
PLACES = np.array(
    [  # category, type
        ("Dwelling", "House - single occupancy "),
        ("Dwelling", "Purpose Built Flats/Maisonettes - 4 to 9 storeys "),
        ("Dwelling", "Purpose Built Flats/Maisonettes - 10 or more storeys "),
        ("Non Residential", "Purpose built office "),
        ("Non Residential", "Single shop "),
        ("Other Residential", "Hotel/motel "),
        ("Outdoor", "Tree scrub "),
        ("Outdoor Structure", "Common external bin storage area "),
        ("Road Vehicle", "Car "),
    ]
)
QUALIFIERS = np.array(
    [
        "Correct incident location",
        "Within same building",
        "On land associated with building",
        "In street close to gazetteer location",
        "Open land/water - nearest gazetteer location",
    ]
)
