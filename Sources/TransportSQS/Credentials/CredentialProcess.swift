internal import Glibc
internal import MQCore

/// The command that a profile names to get credentials from; single sign-on comes this way.
enum CredentialProcess {
    private static let longest = Duration.seconds(60)
    /// A person is told after this why nothing happens.
    private static let patience = Duration.seconds(1)
    private static let largest = 1 << 16

    /// What it prints.
    /// - Throws: `configuration` when it fails; its standard error is ours, and says why.
    static func run(
        _ command: String, until deadline: Deadline, stop: StopFlag, notices: Notices = .none
    ) throws(TransportError) -> [UInt8] {
        let pipe = try Pipe()
        let reading = pipe.reading
        let writing = pipe.writing
        var process: ChildProcess
        do throws(TransportError) {
            process = try ChildProcess(.shell(command), descriptors: [(-1, STDIN_FILENO), (writing.descriptor, STDOUT_FILENO)])
        } catch {
            throw TransportError(.configuration, "credential_process: \(error.message)", errno: error.errno)
        }
        // Its end is to be seen: no other writer may be left.
        _ = consume writing
        var output: [UInt8] = []
        let end = deadline.earlier(.after(longest))
        var isComplete = read(reading.descriptor, into: &output, until: end.earlier(.after(patience)), stop: stop)
        if !isComplete && !end.hasPassed && !stop.isRaised && output.count <= largest {
            notices.warn("waiting for credential_process, which has not answered yet")
            isComplete = read(reading.descriptor, into: &output, until: end, stop: stop)
        }
        let reason = process.end(within: isComplete ? .seconds(5) : .zero, by: isComplete ? 0 : SIGKILL)
        guard isComplete else {
            throw TransportError(
                .tryAgain, stop.isRaised ? "stopped while waiting for credential_process" : "credential_process did not end in time")
        }
        guard reason.isSuccess else {
            throw TransportError(.configuration, "credential_process failed", hint: "run it by hand: it must print JSON and exit with 0")
        }
        return output
    }

    private static func read(_ descriptor: CInt, into output: inout [UInt8], until deadline: Deadline, stop: StopFlag) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case .ready = Readiness.wait(for: POLLIN, on: descriptor, until: deadline, stop: stop) {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return true }
            if count < 0 && errno != EINTR { return false }
            output += buffer.prefix(max(count, 0))
            if output.count > largest { return false }
        }
        return false
    }
}
