import MQCore

/// How soon more messages may come, for a work that does better in groups.
enum Lull {
    /// Messages are coming.
    case none
    /// The queue has none right now.
    case queueIsEmpty
    /// None comes before those under way have their verdicts.
    case awaitsVerdicts
}
