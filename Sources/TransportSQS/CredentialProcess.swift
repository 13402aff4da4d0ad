internal import CCrypto
internal import Glibc
internal import MQCore

/// The command that a profile names to get credentials from; single sign-on comes this way.
enum CredentialProcess {
    private static let longest = Duration.seconds(60)
    private static let largest = 1 << 16

    /// What it prints.
    /// - Throws: `configuration` when it fails; its standard error is ours, and says why.
    static func run(_ command: String, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> [UInt8] {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TransportError(.failure, "no pipe for credential_process: \(SystemError.words(errno))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        let process = ccrypto_spawn_shell(command, ends[1])
        close(ends[1])
        guard process > 0 else { throw TransportError(.configuration, "credential_process: \(SystemError.words(-process))") }
        var output: [UInt8] = []
        let isComplete = read(ends[0], into: &output, until: deadline.earlier(.after(longest)), stop: stop)
        if !isComplete { kill(process, SIGKILL) }
        var status: CInt = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        guard isComplete else {
            throw TransportError(
                .tryAgain, stop.isRaised ? "stopped while waiting for credential_process" : "credential_process did not end in time")
        }
        guard status == 0 else {
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
