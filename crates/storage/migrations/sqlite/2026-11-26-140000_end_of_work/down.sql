DROP INDEX event_of_end;
