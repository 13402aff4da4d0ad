import Glibc

/// The three descriptors that every program expects to be open.
enum StandardStreams {
    /// A closed standard descriptor would be given to the next thing opened, and messages written into it. So it is taken
    /// by /dev/null, opened the wrong way round: using it fails as using a closed one does.
    static func secure() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}
