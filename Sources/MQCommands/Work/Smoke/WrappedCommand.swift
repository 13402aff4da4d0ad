import Glibc
import MQCore

/// A command that runs while something is there for it: its status is passed on, signals are handed to it.
enum WrappedCommand {
    /// How long it may take to end once it was asked to.
    private static let grace = Duration.seconds(10)

    /// - Parameters:
    ///   - stop: raised by the first signal that asks this program to end, which the command is given, too.
    ///   - hurry: raised by the second: the command is killed.
    /// - Throws: `noCommand` when it cannot be started.
    static func run(_ command: ChildCommand, stop: StopFlag, hurry: StopFlag) throws(TransportError) -> Ending {
        var command = command
        command.sharesGroup = true
        command.diesWithParent = true
        var child: ChildProcess
        do throws(TransportError) { child = try ChildProcess(command) } catch {
            throw TransportError(.noCommand, error.message, errno: error.errno)
        }
        if let reason = child.wait(until: .never, stop: stop) { return .status(reason.shellStatus) }
        guard let number = stop.reason?.signal else { return .success }
        // Of a terminal, the command has had the signal already.
        if !(number == SIGINT && tcgetpgrp(STDERR_FILENO) == getpgrp()) { kill(child.process, number) }
        kill(child.process, SIGCONT)
        if child.wait(until: .after(grace), stop: hurry) == nil {
            kill(child.process, SIGKILL)
            _ = child.wait(until: .never, stop: StopFlag())
        }
        return .signal(number)
    }
}
