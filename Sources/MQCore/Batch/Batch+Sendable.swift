// Unchecked for its pointers alone: a batch cannot be copied, and everything they lead to is its own, so that whoever holds the batch is the
// only one to touch it. What is lent to others stays as it is until they give it back, which `BatchBlock` counts atomically.
extension Batch: @unchecked Sendable {}
