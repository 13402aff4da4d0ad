import MQCore

/// What a verb that works on messages adds to one that only takes them: messages fail, and are tried again.
struct Persistence {
    var backoff = Backoff.standard
    /// The most messages to keep for another attempt where the queue takes none back.
    var hold = 1000
    /// End with success when nothing came for so long and nothing is under way.
    var idle: Duration?
    /// Take nothing more from then on.
    var end = Deadline.never
    /// Told of what is with the work, where somebody may ask.
    var running: RunningJobs?
    /// Told of every look around.
    var manager: ServiceManager?
    /// Takes nothing while it is closed.
    var gate: Gate?
    /// Raised by who does not want to wait for what is under way.
    var hurry = StopFlag()
}
