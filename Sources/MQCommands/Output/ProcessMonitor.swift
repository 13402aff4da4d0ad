import Glibc
import MQCore
import Synchronization

/// One thread beside the pump: it takes the signals, notices that the reader of standard output has gone, and draws
/// the progress line. It only reads counters, so that watching costs the pump nothing.
enum ProcessMonitor {
    /// Blocks the signals in the calling thread and, by inheritance, in every thread made later: a library's threads
    /// must not take them (libzmq 4.3.4 may lose a command when they do). To be called before any thread exists.
    static func claimSignals() {
        var set = signalSet()
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Gives the signals that end a program their usual effect again: for a verb that only asks and has nothing to undo.
    static func releaseSignals() {
        var set = signalSet()
        sigdelset(&set, SIGUSR1)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    private static func signalSet() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGUSR1] { sigaddset(&set, number) }
        return set
    }

    struct Configuration: Sendable {
        var stop: StopFlag
        var console: Console
        /// Watches standard output for a reader that goes.
        var watchesOutput = false
        var counters: Counters
        var verb: String
        var showsConfirmed = false
        /// Not while messages themselves come from or go to the terminal, or to a program that may draw there.
        var drawsProgress = true
        /// Takes SIGHUP as a request to go on with another file; otherwise it ends the program.
        var hangups: Hangups?
    }

    /// Starts the thread; it runs until the process ends.
    static func start(_ configuration: Configuration) {
        // The pipe carries signal numbers from the handler; it is made before the handler can run.
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let (readEnd, writeEnd) = (ends[0], ends[1])
        signalPipe.store(writeEnd, ordering: .relaxed)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGUSR1] {
            install(number, always: number == SIGUSR1 || (number == SIGHUP && configuration.hangups != nil))
        }
        BackgroundThread.start { run(configuration, signals: readEnd) }
    }

    private static func install(_ number: CInt, always: Bool) {
        var action = sigaction()
        // An ignored SIGINT or SIGHUP (nohup, a background job) stays ignored.
        sigaction(number, nil, &action)
        let isIgnored = unsafeBitCast(action.__sigaction_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
        if isIgnored && !always { return }
        action = sigaction()
        action.__sigaction_handler.sa_handler = { number in
            let saved = errno
            var byte = UInt8(truncatingIfNeeded: number)
            _ = write(signalPipe.load(ordering: .relaxed), &byte, 1)
            errno = saved
        }
        action.sa_flags = SA_RESTART
        sigaction(number, &action, nil)
    }

    private static func run(_ configuration: Configuration, signals: CInt) {
        BackgroundThread.leaveDescriptorTable(
            keeping: [signals, signalPipe.load(ordering: .relaxed)] + configuration.stop.descriptors
                + (configuration.hangups?.turn.descriptors ?? []))
        var set = signalSet()
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        var watched = configuration.watchesOutput ? STDOUT_FILENO : -1
        let draws = configuration.drawsProgress && configuration.console.showsProgress
        while true {
            var descriptors = [
                pollfd(fd: signals, events: Int16(POLLIN), revents: 0), pollfd(fd: watched, events: 0, revents: 0),
            ]
            let found = poll(&descriptors, 2, draws ? 250 : -1)
            if descriptors[0].revents != 0 {
                var byte: UInt8 = 0
                if read(signals, &byte, 1) == 1 { handle(CInt(byte), configuration) }
            }
            if descriptors[1].revents != 0 {
                watched = -1
                configuration.stop.raise(.readerGone)
            }
            // Nothing is drawn in the first half second: short work stays silent.
            if found == 0 && Deadline.now() - configuration.counters.start > 500_000_000 && isInForeground {
                configuration.console.progress(
                    configuration.counters.line(verb: configuration.verb, showsConfirmed: configuration.showsConfirmed))
            }
        }
    }

    /// Whether the terminal is ours: a job in the background draws nothing on it.
    private static var isInForeground: Bool { tcgetpgrp(STDERR_FILENO) == getpgrp() }

    private static func handle(_ number: CInt, _ configuration: Configuration) {
        if number == SIGUSR1 {
            let line = configuration.counters.line(verb: configuration.verb, showsConfirmed: configuration.showsConfirmed)
            configuration.console.line("info", String(line.dropFirst("mq: ".count)))
        } else if number == SIGHUP, let hangups = configuration.hangups {
            hangups.request()
        } else if configuration.stop.isRaised {
            // timeout(1) signals its child and then its whole group: the same request, microseconds later.
            if Deadline.now() - stopped.load(ordering: .relaxed) < 100_000_000 { return }
            configuration.console.endProgress()
            ExitCleanup.runAll()
            die(of: number)
        } else {
            stopped.store(Deadline.now(), ordering: .relaxed)
            configuration.stop.raise(number == SIGINT ? .interrupt : number == SIGHUP ? .hangUp : .terminate)
            configuration.hangups?.turn.raise()
        }
    }

    /// When the first signal that ends the program came.
    private static let stopped = Atomic<UInt64>(0)

    /// Ends the process by `number`, so that the shell sees what really happened.
    static func die(of number: CInt) -> Never {
        signal(number, SIG_DFL)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, number)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        kill(getpid(), number)
        pause()
        exit(128 + number)
    }
}

/// SIGHUP for a program that writes files: it ends the wait in hand, and the program goes on.
final class Hangups: Sendable {
    /// What the program waits with; raised together with the flag that ends it.
    let turn = StopFlag()
    private let isRequested = Atomic(false)

    func request() {
        isRequested.store(true, ordering: .releasing)
        turn.raise()
    }

    /// Whether one came since the last call. By the thread that waits, between two waits.
    func take() -> Bool {
        turn.lower()
        return isRequested.exchange(false, ordering: .acquiringAndReleasing)
    }
}

/// Read by the signal handler; an atomic needs no lazy initialisation that a handler could run into.
private let signalPipe = Atomic<CInt>(-1)
