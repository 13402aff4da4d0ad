import Testing

/// What is tested of messages, one test after the other: most tests wait for other processes, and a test that waits
/// holds one of the few threads that tests run on. Two such chains keep two processors busy.
@Suite("The contract for messages", .serialized)
enum MessageContract {}

/// What is tested of the program as such.
@Suite("The contract for the program", .serialized)
enum ProgramContract {}
