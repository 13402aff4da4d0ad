import Glibc
import MQCore

/// How a verb ends when it does not fail.
enum Ending {
    case success
    /// The "no" answer, with its sentence.
    case negative(String)
    /// The status of a command, which is passed on.
    case status(CInt)
    /// The signal to raise again.
    case signal(CInt)
}
