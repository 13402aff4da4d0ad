import MQCore

extension Fleet {
    /// As `turn`, where what is waited for may come at once: looks for a moment before it sleeps.
    @discardableResult
    func watch(until deadline: Deadline, stop: StopFlag) -> Readiness {
        let length = deadline == .immediately ? 0 : spin.begin()
        if length > 0 {
            let start = Deadline.now()
            var passed: UInt64 = 0
            while passed < length {
                let found = turn(until: .immediately, stop: stop)
                if found != .deadlinePassed {
                    spin.paid(after: passed)
                    return found
                }
                passed = Deadline.now() &- start
            }
            spin.failed()
        }
        return turn(until: deadline, stop: stop)
    }
}
