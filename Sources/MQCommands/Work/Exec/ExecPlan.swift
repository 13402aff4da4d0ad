import MQCore

/// What is run for messages, and how.
struct ExecPlan {
    /// The command, and its arguments.
    var words: [[UInt8]]
    /// Where the command is.
    var path: String
    /// The address, and the name of the queue in it, as commands are told them.
    var address: String
    var queue: String
    /// Whether messages may consist of frames.
    var mayHaveFrames = false
    /// How many run at once.
    var slots = 1
    var rules: VerdictRules
    var halt: HaltRule?
    var timeout: Duration?
    var killAfter = Duration.seconds(10)
    /// How messages are told apart; `nil` gives a command the bytes of one as they are.
    var framing: Framing?
    /// How many messages a run is given at most.
    var batch = 1
    /// Where a command finds everything about its message.
    var metaDescriptor: CInt?
    /// The folder for output that is shown when a job has ended; `nil` shows line by line.
    var outputFolder: String?
    var tags = false
    /// Whether the beginning of standard error is wanted.
    var keepsErrors = false
    var jobLog: JobLog?
    /// Where the output of a command is the reply to its request.
    var desk: ReplyDesk?

    /// Whether commands write to the streams of this program through it, so that their lines are not mixed.
    var mixesOutput: Bool { slots > 1 || tags || outputFolder != nil }
    var mixesErrors: Bool { mixesOutput || keepsErrors }
    /// Whether a command that runs alone may as well write to them itself.
    var mayShareStreams: Bool { !tags && outputFolder == nil && !keepsErrors && desk == nil }
    /// Descriptors that each slot may need.
    static let descriptorsPerSlot = 8
}
