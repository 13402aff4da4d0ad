import Glibc

/// posix_spawn(3) with three streams.
struct Spawn {
    let path: String
    let arguments: [String]
    let input: Executable.Input
    let environment: [String]

    init(_ path: String, _ arguments: [String], _ input: Executable.Input, _ environment: [String], _ directory: String?) {
        self.input = input
        self.environment = environment
        if let directory {
            // Swift's Glibc lacks posix_spawn_file_actions_addchdir_np.
            self.path = "/bin/sh"
            self.arguments = ["-c", "cd \"$1\" && shift && exec \"$@\"", "sh", directory, path] + arguments
        } else {
            self.path = path
            self.arguments = arguments
        }
    }

    func start() throws -> RunningProgram {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let (output, errors) = (try Self.pipePair(), try Self.pipePair())
        posix_spawn_file_actions_adddup2(&actions, output.write, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.write, 2)
        var inputEnd: CInt = -1
        var pending: [UInt8] = []
        var inputSource: CInt = -1
        switch input {
        case .nothing: posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        case .file(let file): posix_spawn_file_actions_addopen(&actions, 0, file, O_RDONLY, 0)
        case .bytes, .text, .open:
            let pair = try Self.pipePair()
            (inputSource, inputEnd) = (pair.read, pair.write)
            posix_spawn_file_actions_adddup2(&actions, pair.read, 0)
            if case .bytes(let bytes) = input { pending = bytes }
            if case .text(let text) = input { pending = Array(text.utf8) }
        }
        let (code, process) = spawn(&actions)
        for end in [output.write, errors.write, inputSource] where end >= 0 { close(end) }
        guard code == 0 else {
            for end in [output.read, errors.read, inputEnd] where end >= 0 { close(end) }
            throw ConformanceFailure("cannot start \(path): \(String(cString: strerror(code)))")
        }
        var staysOpen = false
        if case .open = input { staysOpen = true }
        return RunningProgram(
            process: process, input: inputEnd, pending: pending, staysOpen: staysOpen, output: output.read, errors: errors.read,
            words: ([path] + arguments).joined(separator: " "))
    }

    private func spawn(_ actions: inout posix_spawn_file_actions_t) -> (CInt, pid_t) {
        Self.spawn([path] + arguments, environment: environment, &actions)
    }

    /// Starts a program in a process group of its own, with every signal as it is for a program started by hand.
    static func spawn(_ words: [String], environment: [String], _ actions: inout posix_spawn_file_actions_t) -> (CInt, pid_t) {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (defaults, mask) = (sigset_t(), sigset_t())
        sigemptyset(&mask)
        sigemptyset(&defaults)
        for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGURG] { sigaddset(&defaults, signal) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setsigmask(&attributes, &mask)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        var argv = words.map { strdup($0) } + [nil]
        var envp = environment.map { strdup($0) } + [nil]
        defer { for text in argv + envp { free(text) } }
        var process = pid_t()
        return (posix_spawn(&process, words[0], &actions, &attributes, &argv, &envp), process)
    }

    private static func pipePair() throws -> (read: CInt, write: CInt) {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ConformanceFailure("no pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }
}
