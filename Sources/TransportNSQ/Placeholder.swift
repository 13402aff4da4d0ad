// The state machine of the protocol comes first.
