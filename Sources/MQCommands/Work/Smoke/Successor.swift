import MQCore

/// The command behind `--` of a smoke test, found before anything else is done.
struct Successor: Sendable {
    let command: ChildCommand

    /// `nil` without words.
    /// - Throws: `noCommand` when there is no such command, or it may not be run.
    init?(_ words: [String]) throws(TransportError) {
        guard let first = words.first else { return nil }
        var command = ChildCommand(words.map(\.rawBytes))
        do throws(TransportError) {
            command.path = try CommandPath.find(first)
        } catch {
            throw TransportError(.noCommand, error.message, hint: error.hint)
        }
        self.command = command
    }

    /// Runs it in place of this process.
    /// - Returns: why that could not be.
    func replaceThisProcess() -> TransportError {
        let error = command.replaceThisProcess()
        return TransportError(.noCommand, error.message, errno: error.errno)
    }
}
