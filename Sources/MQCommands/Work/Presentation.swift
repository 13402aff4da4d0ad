import Glibc
import MQCore

/// How messages look on standard output.
enum Presentation {
    case framed(Framing)
    case format(OutputFormat)
}
