import MQCore

extension Fleet {
    /// As `turn`, where what is waited for may come at once: looks for a moment before it sleeps.
    func watch(until deadline: Deadline, stop: StopFlag) {
        let length = spin.begin()
        if length > 0 {
            let start = Deadline.now()
            var passed: UInt64 = 0
            while passed < length {
                if turn(until: .immediately, stop: stop) != .deadlinePassed { return spin.paid(after: passed) }
                passed = Deadline.now() &- start
            }
            spin.failed()
        }
        turn(until: deadline, stop: stop)
    }
}
