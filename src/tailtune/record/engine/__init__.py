"""The load side: requests from templates, compiled schedules, the resident engine, its log."""
