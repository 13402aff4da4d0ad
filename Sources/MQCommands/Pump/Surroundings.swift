import Glibc
import MQCore

/// What a session reaches besides its address; a test gives it its own.
struct Surroundings {
    /// Instead of what the address leads to.
    var transport: (any Transport)?
    var deadLetters: (any Transport)?
    var input = STDIN_FILENO
    var output = STDOUT_FILENO
    /// Signals are taken, and progress is drawn.
    var isWatched = true
}
