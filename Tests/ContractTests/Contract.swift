import MQTesting
import Testing

// The tests of a suite go one after the other: they start many processes each, and what one leaves would disturb the next. Suites go
// side by side, since most of a test is waiting for other processes.

/// What is tested of messages.
@Suite("The contract for messages", .ownThread)
enum MessageContract {}

/// What is tested of brokers and of files, which is mostly waiting.
@Suite("The contract for brokers and files", .ownThread)
enum KeepingContract {}

/// What is tested of the program as such.
@Suite("The contract for the program", .ownThread)
enum ProgramContract {}

/// What measures: two at once would measure each other.
@Suite("The contract for measuring", .serialized, .ownThread)
enum MeasuringContract {}
