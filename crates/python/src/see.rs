//! Bindings of the seeing side: the sampler, symbols and profiles.
