import MQCore

/// A work that runs commands.
protocol CommandWork: Work {
    /// Ends what still runs, and shows what commands have written last.
    func close()
}
