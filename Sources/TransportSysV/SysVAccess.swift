import Glibc
import MQCore

/// What an endpoint wants to do with a queue.
enum SysVAccess {
    case reading, writing, anything

    /// msgget(2) checks these bits, so that a refusal comes before the first message.
    var flags: CInt {
        switch self {
        case .reading: 0o400
        case .writing: 0o200
        case .anything: 0
        }
    }

    var words: String {
        switch self {
        case .reading: "receiving"
        case .writing: "sending"
        case .anything: "looking"
        }
    }
}
