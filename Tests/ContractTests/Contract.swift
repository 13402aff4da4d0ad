import Testing

/// What is tested of messages, one test after the other: most tests wait for other processes, and a test that waits
/// holds one of the few threads that tests run on. Chains of about the same length keep two processors busy to the end.
@Suite("The contract for messages", .serialized)
enum MessageContract {}

/// What is tested of brokers and of files, which is mostly waiting.
@Suite("The contract for brokers and files", .serialized)
enum KeepingContract {}

/// What is tested of the program as such.
@Suite("The contract for the program", .serialized)
enum ProgramContract {}
