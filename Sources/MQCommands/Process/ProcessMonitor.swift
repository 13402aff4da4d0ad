internal import CProcess
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
        // A write that fails is an error with a sentence, not the end: of a reader that has gone, of a file at its limit.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
    }

    /// Gives the signals that end a program their usual effect again: for a verb that only asks and has nothing to undo.
    static func releaseSignals() {
        var set = signalSet()
        sigdelset(&set, SIGUSR1)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    /// Asks the kernel to terminate this process when the one that started it ends: a broker for a test does not outlive it.
    static func endWithParent() { cprocess_end_with_parent(SIGTERM) }

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
        /// The wait that is to end when the program is asked to.
        var turn: Turn?
        /// What SIGUSR1 and the progress line say instead of how much was sent or received.
        var summary: (@Sendable () -> String)?
        /// Raised by the second signal that asks the program to end; the third one ends it at once.
        var hurry: StopFlag?
        /// Takes SIGHUP as a request to go on with another file; otherwise it ends the program.
        var hangups: Hangups?
        /// So does what is read again on SIGHUP, once there is something.
        var rereadings: Rereadings?
    }

    private static func line(_ configuration: Configuration) -> String {
        configuration.summary?()
            ?? configuration.counters.line(verb: configuration.verb, showsConfirmed: configuration.showsConfirmed)
    }

    /// Starts the thread; it runs until the process ends.
    static func start(_ configuration: Configuration) {
        // The pipe carries signal numbers from the handler; it is made before the handler can run.
        let pipe = Pipe.ifPossible()
        let readEnd = pipe.reading.release()
        signalPipe.store(pipe.writing.release(), ordering: .relaxed)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGUSR1] {
            let isTaken = configuration.hangups != nil || configuration.rereadings != nil
            let wasIgnored = install(number, always: number == SIGUSR1 || (number == SIGHUP && isTaken))
            if number == SIGHUP { ignoresHangup.store(wasIgnored, ordering: .relaxed) }
        }
        BackgroundThread.startOrEnd("mq-signals") { run(configuration, signals: readEnd) }
    }

    /// - Returns: whether it was ignored so far.
    private static func install(_ number: CInt, always: Bool) -> Bool {
        var action = sigaction()
        // An ignored SIGINT or SIGHUP (nohup, a background job) stays ignored.
        sigaction(number, nil, &action)
        let isIgnored = unsafeBitCast(action.__sigaction_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
        if isIgnored && !always { return true }
        action = sigaction()
        action.__sigaction_handler.sa_handler = { number in
            let saved = errno
            var byte = UInt8(truncatingIfNeeded: number)
            _ = write(signalPipe.load(ordering: .relaxed), &byte, 1)
            errno = saved
        }
        action.sa_flags = SA_RESTART
        sigaction(number, &action, nil)
        return isIgnored
    }

    private static func run(_ configuration: Configuration, signals: CInt) {
        BackgroundThread.leaveDescriptorTable(
            keeping: [signals, signalPipe.load(ordering: .relaxed)] + configuration.stop.descriptors
                + (configuration.turn?.flag.descriptors ?? []))
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
                configuration.turn?.end()
            }
            // Nothing is drawn in the first half second: short work stays silent.
            if found == 0 && Deadline.now() - configuration.counters.start > 500_000_000 && isInForeground {
                configuration.console.progress("mq: \(line(configuration))")
            }
        }
    }

    /// Whether the terminal is ours: a job in the background draws nothing on it.
    private static var isInForeground: Bool { tcgetpgrp(STDERR_FILENO) == getpgrp() }

    private static func handle(_ number: CInt, _ configuration: Configuration) {
        if number == SIGUSR1 {
            configuration.console.line("info", line(configuration))
        } else if number == SIGHUP, takesHangup(configuration) {
            configuration.hangups?.request()
            configuration.rereadings?.perform()
        } else if configuration.stop.isRaised {
            // timeout(1) signals its child and then its whole group: the same request, microseconds later.
            if Deadline.now() - stopped.load(ordering: .relaxed) < 100_000_000 { return }
            if let hurry = configuration.hurry, !hurry.isRaised {
                stopped.store(Deadline.now(), ordering: .relaxed)
                hurry.raise(.requested)
                configuration.turn?.end()
                return
            }
            configuration.console.endProgress()
            ExitCleanup.runAll()
            die(of: number)
        } else {
            stopped.store(Deadline.now(), ordering: .relaxed)
            configuration.stop.raise(number == SIGINT ? .interrupt : number == SIGHUP ? .hangup : .terminate)
            configuration.turn?.end()
        }
    }

    /// Whether SIGHUP asks for something else than the end, or is to be ignored.
    private static func takesHangup(_ configuration: Configuration) -> Bool {
        configuration.hangups != nil || configuration.rereadings?.isEmpty == false || ignoresHangup.load(ordering: .relaxed)
    }

    /// Whether SIGHUP was ignored when the program began, as nohup has it.
    private static let ignoresHangup = Atomic(false)

    /// When the first signal that ends the program came.
    private static let stopped = Atomic<UInt64>(0)

    /// Ends the process by `number`, so that the shell sees what really happened. The first process of a container is spared by
    /// every signal that it does not handle: it exits with the status that a shell would show.
    static func die(of number: CInt) -> Never {
        signal(number, SIG_DFL)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, number)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        raise(number)
        _exit(128 + number)
    }
}

/// Read by the signal handler; an atomic needs no lazy initialisation that a handler could run into.
private let signalPipe = Atomic<CInt>(-1)
