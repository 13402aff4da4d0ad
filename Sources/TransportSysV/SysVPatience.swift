import Glibc
import MQCore

/// Yielding before blocking: while both sides are busy, the other one usually only needs its turn. On a default queue this
/// doubles the rate, because a blocked side is woken by every single message.
enum SysVPatience {
    static let yields = 20
}
