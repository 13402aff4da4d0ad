import Glibc
import MQCore

/// Waits for something that another thread or process brings about, and returns whether it came.
public func eventually(within limit: Duration = .seconds(10), _ condition: () throws -> Bool) rethrows -> Bool {
    let end = Deadline.after(limit)
    while !end.hasPassed {
        if try condition() { return true }
        usleep(2000)
    }
    return try condition()
}
