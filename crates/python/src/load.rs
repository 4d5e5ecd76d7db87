//! Bindings of the load side: schedules, the engine, histograms.
