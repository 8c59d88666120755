"""Every statement of reports. They read only, and count where the rows are."""
