/// Examples of the manual pages. Each was typed.
enum Examples {
    struct Example {
        var meaning: String
        var lines: [String]
        init(_ meaning: String, _ lines: String...) {
            self.meaning = meaning
            self.lines = lines
        }
    }

    static let root = [
        Example(
            "Lines go into a POSIX queue and come out in another terminal:", "mq send posix-mq:/jobs --create < jobs.txt",
            "mq recv posix-mq:/jobs | while read -r job; do run \"$job\"; done"),
        Example(
            "A ZeroMQ pipeline over a socket file; either side may start first:", "mq recv zmq:pull:@ipc:///tmp/feed > out",
            "mq send zmq:push:ipc:///tmp/feed < in"),
        Example(
            "Messages move between two kinds of queue with everything they carry:",
            "mq recv posix-mq:/jobs --drain -J | mq send sysv:0x4d51 -J"),
    ]

    static let verbs: [String: [Example]] = [
        "send": [
            Example("Two messages, the second beginning with a dash:", "mq send posix-mq:/jobs first -- -second"),
            Example("Lines of a file, at most 1000 a second:", "mq send posix-mq:/jobs --rate 1k < jobs.txt"),
            Example("Every file of a folder is one message:", "mq send posix-mq:/jobs -F files queue.d/*"),
            Example("What the queue cannot carry is skipped and counted:", "mq send posix-mq:/jobs --on-error skip < mixed.txt"),
            Example("With a priority of its own:", "echo '{\"body\": \"now\", \"priority\": 9}' | mq send posix-mq:/jobs -J"),
        ],
        "recv": [
            Example("Exactly ten messages:", "mq recv posix-mq:/jobs -n 10"),
            Example("What is there now; the status tells whether anything was:", "mq recv posix-mq:/jobs --drain || echo nothing there"),
            Example("Priority and length of each, a line a message:", "mq recv posix-mq:/jobs -f '%p %S\\n'"),
            Example("Any bytes, without loss:", "mq recv posix-mq:/jobs -F len32 > messages"),
            Example(
                "Compressed files that end on the hour or at 100 MiB, settled once synced:",
                "mq recv posix-mq:/logs --out-dir logs --name '{queue}.%Y-%m-%d_%H.log' --rotate-every 1h --rotate-size 100M --compress gzip"
            ),
            Example("One file a message:", "mq recv posix-mq:/jobs --drain -F files --out-dir in.d"),
        ],
        "bench": [
            Example("Three kinds of queue side by side:", "mq bench posix-mq:temp sysv:temp zmq:temp"),
            Example("Sizes from 16 bytes to 64 KiB, as a page:", "mq bench zmq:temp -s 16:64k:x4 --html zmq.html"),
            Example("The highest rate that keeps an objective:", "mq bench posix-mq:temp --rate find --slo 'p99<5ms'"),
            Example("Round trips:", "mq bench posix-mq:temp --rtt"),
        ],
        "bench compare": [
            Example(
                "Has a change made it slower?", "mq bench posix-mq:temp --save before", "mq bench posix-mq:temp --save after",
                "mq bench compare before after --fail-on 'p99>+10%' --fail-on 'throughput<-5%'")
        ],
        "bench report": [Example("Two runs on one page:", "mq bench report before after --html both.html")],
        "list": [Example("The POSIX queues as JSON:", "mq list posix-mq: --json")],
        "stat": [
            Example("How many messages there are:", "mq stat posix-mq:/jobs --json | jq .messages"),
            Example("How it fills, a line every five seconds:", "mq stat posix-mq:/jobs --watch 5s"),
        ],
        "redrive": [Example("Dead letters go back at a rate that their consumer bears:", "mq redrive ADDRESS --rate 100")],
        "create": [
            Example(
                "A queue for 64 messages of a kilobyte that its group may use:", "mq create posix-mq:/jobs,maxmsg=64,msgsize=1k,mode=0660")
        ],
        "explain": [Example("Where every value comes from:", "mq explain posix-mq:/jobs,maxmsg=64")],
    ]
}
