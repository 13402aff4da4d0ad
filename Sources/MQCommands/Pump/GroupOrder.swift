/// Keeps the order within groups: of each, one message at a time is with the work.
struct GroupOrder {
    struct Place {
        let parcel: Parcel
        let index: Int
    }

    /// By group, while one of its messages is with the work: those behind it.
    private var waiting: [String: [Place]] = [:]
    /// Those whose turn has come, and their groups.
    private var ready: [Place] = []

    var hasReady: Bool { !ready.isEmpty }

    /// Whether a message may begin now; otherwise it waits.
    mutating func admit(_ group: String, _ parcel: Parcel, _ index: Int) -> Bool {
        guard waiting[group] != nil else {
            waiting[group] = []
            return true
        }
        waiting[group]!.append(Place(parcel: parcel, index: index))
        return false
    }

    /// One whose turn has come.
    mutating func next() -> Place? { ready.isEmpty ? nil : ready.removeFirst() }

    /// The work had no room after all.
    mutating func putBack(_ place: Place) { ready.insert(place, at: 0) }

    /// The message of `group` that was with the work is dealt with.
    mutating func goOn(_ group: String) {
        guard let places = waiting[group] else { return }
        guard let first = places.first else {
            waiting[group] = nil
            return
        }
        waiting[group]!.removeFirst()
        ready.append(first)
    }

    /// The message of `group` that was with the work comes again: what is behind it must not overtake it.
    /// - Returns: what goes back with it, in order.
    mutating func breakOff(_ group: String) -> [Place] { waiting.removeValue(forKey: group) ?? [] }

    /// Everything that is not with the work.
    mutating func takeAll() -> [Place] {
        defer { (waiting, ready) = (waiting.mapValues { _ in [] }, []) }
        return ready + waiting.values.flatMap { $0 }
    }
}
