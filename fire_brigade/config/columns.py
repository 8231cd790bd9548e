"""The columns that the London Fire Brigade publishes, in its order: the header lines of its files."""

import csv

INCIDENTS = (
    "IncidentNumber,DateOfCall,CalYear,TimeOfCall,HourOfCall,IncidentGroup,StopCodeDescription,"
    "SpecialServiceType,PropertyCategory,PropertyType,AddressQualifier,Postcode_full,Postcode_district,UPRN,"
    "USRN,IncGeo_BoroughCode,IncGeo_BoroughName,ProperCase,IncGeo_WardCode,IncGeo_WardName,"
    "IncGeo_WardNameNew,Easting_m,Northing_m,Easting_rounded,Northing_rounded,Latitude,Longitude,FRS,"
    "IncidentStationGround,FirstPumpArriving_AttendanceTime,FirstPumpArriving_DeployedFromStation,"
    "SecondPumpArriving_AttendanceTime,SecondPumpArriving_DeployedFromStation,"
    "NumStationsWithPumpsAttending,NumPumpsAttending,PumpCount,PumpMinutesRounded,Notional Cost (£),NumCalls"
)
MOBILISATIONS = (
    "IncidentNumber,CalYear,HourOfCall,ResourceMobilisationId,Resource_Code,PerformanceReporting,"
    "DateAndTimeMobilised,DateAndTimeMobile,DateAndTimeArrived,TurnoutTimeSeconds,TravelTimeSeconds,"
    "AttendanceTimeSeconds,DateAndTimeLeft,DateAndTimeReturned,DeployedFromStation_Code,"
    "DeployedFromStation_Name,DeployedFromLocation,PumpOrder,PlusCode_Code,PlusCode_Description,"
    "DelayCodeId,DelayCode_Description"
)
INCIDENT_COLUMNS, MOBILISATION_COLUMNS = (tuple(row) for row in csv.reader([INCIDENTS, MOBILISATIONS]))
