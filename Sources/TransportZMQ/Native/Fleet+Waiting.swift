import MQCore

extension Fleet {
    /// As `turn`, where what is waited for may come at once: looks for a moment before it sleeps.
    @discardableResult
    func watch(until deadline: Deadline, stop: StopFlag) -> Readiness { watch(until: deadline, stop: stop, &spin) }

    /// - Parameter spin: for how long to look.
    func watch(until deadline: Deadline, stop: StopFlag, _ spin: inout Spin) -> Readiness {
        if deadline != .immediately {
            let found = spin.look { () -> Readiness? in
                let found = turn(until: .immediately, stop: stop)
                return found == .deadlinePassed ? nil : found
            }
            if let found { return found }
        }
        return turn(until: deadline, stop: stop)
    }
}
