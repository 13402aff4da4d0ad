import MQCore

/// What can be relied on, whatever the queue: mq-contract(7).
enum ContractPage {
    private struct Chapter {
        var title: String
        var paragraphs: [String]
        var items: [(String, String)] = []
        var closing: [String] = []
    }

    static func text(date: String) -> String {
        var page = Mdoc(
            title: "mq-contract", section: 7, date: date, name: "mq-contract", summary: "what can be relied on, whatever the queue")
        page.section("DESCRIPTION")
        page.paragraph(
            "This page holds for every verb and every kind of queue. What one of them cannot do is said in mq-transports(7), and refused with a sentence before anything is opened."
        )
        for chapter in chapters {
            page.section(chapter.title)
            chapter.paragraphs.forEach { page.paragraph($0) }
            if !chapter.items.isEmpty { page.list(chapter.items.map { ("Li \(Mdoc.word($0.0))", [$0.1]) }) }
            chapter.closing.forEach { page.paragraph($0) }
        }
        ManPages.exitStatus(&page, ExitStatus.table)
        page.section("SEE ALSO")
        ManPages.references(&page, [("mq", 1), ("mq-transports", 7)])
        return page.text
    }

    private static let chapters = [
        Chapter(
            title: "ADDRESSES",
            paragraphs: [
                "An address says where; flags say what to do. Nothing in it needs quoting in a shell."
            ],
            items: [
                ("scheme:target,key=value,...", "The target and the options of the transport. A literal comma is %2C."),
                ("@alias/rest,key=value,...", "An address from the configuration file, with more behind its target and its options."),
            ],
            closing: [
                "An option may also be given as -o key=value, which wins over the address. An unknown key, or a value out of range, is an error that names what is allowed. mq explain shows what became of an address.",
                "No secret ever goes into an address, where ps would show it.",
            ]),
        Chapter(
            title: "FRAMING",
            paragraphs: [
                "--framing says how messages are told apart in a stream. The same word on both sides gives back the same messages."
            ],
            items: [
                ("lines", "Up to a newline, which is not part of the message. The default."),
                ("nul", "Up to a NUL byte. Also -0."),
                ("delim:STR", "Up to STR, in which C escapes are undone."),
                ("len32", "A length in four bytes, the highest first, then that number of bytes."),
                ("netstring", "5:hello,"),
                ("whole", "All of standard input is one message. Also -w."),
                (
                    "jsonl",
                    "One JSON object per line: body, or body64 (base64) when the bytes are not UTF-8; beside it what the queue carries: id, ts, attempts, priority, type, frames (the lengths of the frames of a multipart message), attributes, group, dedup, delay (seconds). What recv prints, send accepts. Also -J."
                ),
                (
                    "files",
                    "send: every argument is a file. recv: one file per message in --out-dir; with any other framing, many messages per file."
                ),
            ],
            closing: [
                "Every byte is legal in a message. An empty line is an empty message. A last record without its terminator is a record. Only the queue limits the length of a message.",
                "What the queue cannot carry is found before it is sent, and named by its number. Nothing of it is sent. --on-error skip and --skip-empty go on and count.",
                "When a message received contains the delimiter, it is delivered and a warning says once which framing keeps the boundaries; with --strict that is an error. So it is with a message of several frames (zmq), unless --frames prints each frame as a record, or -J says where they end; send --frames N puts them together again. On a terminal, control bytes are shown escaped unless --raw.",
            ]),
        Chapter(
            title: "STREAMS",
            paragraphs: [
                "Standard output carries messages and results, nothing else; it is written whenever the queue is momentarily empty, and always before waiting. Everything for people goes to standard error: -q leaves only errors, -v explains, --log-format json gives it structure.",
                "Colour and the progress line appear on terminals only; NO_COLOR, TERM=dumb and --color are obeyed.",
                "A socket that listens reports its endpoint on standard error and on the descriptor of --ready-fd, where other verbs report that they are ready.",
            ]),
        Chapter(
            title: "DELIVERY",
            paragraphs: [
                "recv settles a message after it was written to standard output, never before. One that could not be written goes back to the queue; where the queue cannot take it back, it is printed to standard error as JSON, so that it is not lost.",
                "Into files (--out-dir), a message is settled once the file that holds it is synced, so that neither a crash of mq nor one of the machine loses it. Syncs are shared by all messages that wait for one. On a full disk, what is not safe is cut off the file and goes back to the queue. No file is ever overwritten.",
                "--max-attempts N keeps back a message that was delivered more than N times. It goes to the address of --dead-letter, and is acknowledged when that has confirmed it; otherwise the message goes back and recv fails. Without --dead-letter it is acknowledged and named on standard error.",
                "recv -n N takes exactly N messages from the queue and leaves the rest.",
                "The reader of standard output is watched: when it goes, nothing more is taken. The first sixteen messages of a run go into a pipe one by one, so that mq recv Q | head -1 leaves the rest in the queue; a reader that takes more than it uses should be given -n instead. What a reader left unread in the pipe is printed to standard error as JSON.",
                "send ends when everything is acknowledged, or handed to the peer where there are no acknowledgements; --timeout bounds the wait for room, for a peer and at the end (30 s when it is not given). When sending breaks off, the last lines say how many records were sent, which is the first that was not, and the command that goes on from there.",
                "--retry DURATION keeps retrying to open the queue for that time, with exponential back-off, and to reconnect where the transport has connections. --retry forever never gives up. At its end, send waits for acknowledgements for as long as it retries, unless --timeout says otherwise.",
                "recv --drain takes what is there and exits: 0 if something came, 1 if nothing did. --timeout bounds the wait for the next message; when it passes, the status is 1. --until-closed ends when the last sender has gone, and --peek shows messages without taking them, where the transport can.",
            ]),
        Chapter(
            title: "SIGNALS",
            paragraphs: [
                "SIGINT, SIGTERM and SIGHUP end the work in order: nothing new is taken, the write in hand is finished, what was written is settled, the rest goes back; then the signal is raised again, so that the shell sees it. A second one ends the program at once. Every blocking call notices a signal within 50 ms.",
                "Where recv writes files of many messages, SIGHUP begins another file instead and ends nothing.",
                "SIGUSR1 prints a line of progress.",
            ]),
    ]
}
