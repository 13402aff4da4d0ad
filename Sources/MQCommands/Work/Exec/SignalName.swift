import Glibc

/// Signals by their names, as kill(1) takes them.
enum SignalName {
    static func of(_ number: CInt) -> String {
        switch number {
        case SIGHUP: "HUP"
        case SIGINT: "INT"
        case SIGQUIT: "QUIT"
        case SIGILL: "ILL"
        case SIGTRAP: "TRAP"
        case SIGABRT: "ABRT"
        case SIGBUS: "BUS"
        case SIGFPE: "FPE"
        case SIGKILL: "KILL"
        case SIGUSR1: "USR1"
        case SIGSEGV: "SEGV"
        case SIGUSR2: "USR2"
        case SIGPIPE: "PIPE"
        case SIGALRM: "ALRM"
        case SIGTERM: "TERM"
        case SIGXCPU: "XCPU"
        case SIGXFSZ: "XFSZ"
        case SIGSYS: "SYS"
        default: "\(number)"
        }
    }
}
