extension VerbTable {
    /// What every verb can return: it reads a command line, writes results, and can be interrupted.
    private static let common: Set<CInt> = [0, 2, 64, 74, 129, 130, 141, 143]

    /// The exit statuses of the verb, with their meaning.
    var exitStatuses: [(CInt, String)] {
        ExitStatus.table.compactMap { status, meaning in
            switch status {
            case 0: (0, group == .messages ? meaning : "Done.")
            case 1: negative.map { (1, $0) }
            default: Self.common.contains(status) || statuses.contains(status) ? (status, meaning) : nil
            }
        }
    }
}
