public import MQCore

extension NSQTransport {
    public static let descriptor = Descriptor(
        name: "nsq",
        schemes: ["nsq", "nsqlookup"],
        summary: "topics and channels of nsqd, directly or found by nsqlookupd",
        forms: [
            "nsq:topic[/channel]", "nsq://host[:port][,host…]/topic[/channel]", "nsq:topic[/channel],unix=/path",
            "nsqlookup://host[:port][,host…]/topic[/channel]", "nsq:topic+topic…[/channel]", "nsq:+[/channel]", "nsq:temp",
        ],
        targetSyntax: .authority,
        capabilities: [
            .send, .receive, .acknowledge, .requeue, .peek, .admin, .delay, .exactCount, .pause, .attempts, .timestamps, .temporary,
            .createsOnUse, .clients, .nodes,
        ],
        options: options,
        emptyWait: .seconds(60),
        guarantee: .brokerMemory,
        notes: notes,
        examples: [
            ("nsq:logs", "the topic logs of the nsqd on this machine"),
            ("nsq:logs/archive", "its channel archive"),
            ("nsq://a,b:4150/logs", "two nsqds share the messages; the other takes over when one fails"),
            ("nsqlookup://lookup1,lookup2/logs/archive", "every nsqd that has the topic"),
            ("nsq:logs/archive,unix=/run/nsqd.sock", "through a UNIX socket"),
            ("nsqlookup://lookup1/orders+refunds/archive", "two topics at once"),
            ("nsqlookup://lookup1/+/archive,topic-pattern=^logs", "every topic whose name begins with logs, now or later"),
            ("nsq:temp", "a topic of one's own, gone at exit"),
        ])

    private static let options = [
        OptionSpec("unix", .file, help: "The UNIX socket on which nsqd listens, in place of hosts."),
        OptionSpec(
            "heartbeat", .duration, standard: "10s",
            help: "How often nsqd and mq check that the other is there; two missed ones end the connection. 1s to 60s."),
        OptionSpec(
            "msg-timeout", .duration, standard: "nsqd's, 60s", scope: .receive,
            help: "How long a silent consumer keeps a message before another gets it; extended at half of it."),
        OptionSpec(
            "max-in-flight", .integer(1...100_000), standard: "2500", scope: .receive,
            help: "The most unsettled messages, over all nsqds; fewer are taken ahead when they are large."),
        OptionSpec(
            "output-buffer", .bytes(0...65_536), standard: "16k", scope: .receive,
            help: "Bytes that nsqd collects while many messages are queued; a lone one never waits. 0 is off."),
        OptionSpec(
            "sample-rate", .integer(1...99), scope: .receive,
            help: "Percentage of the messages to deliver; nsqd throws the others away."),
        OptionSpec("copy", .flag, standard: "no", scope: .send, help: "Publish to every nsqd of the address instead of to one of them."),
        OptionSpec("max-message", .bytes(1...1 << 30), standard: "what nsqd says, or 1MiB", scope: .send, help: "nsqd's -max-msg-size."),
        OptionSpec("max-body", .bytes(1...1 << 30), standard: "what nsqd says, or 5MiB", scope: .send, help: "nsqd's -max-body-size."),
        OptionSpec("tls", .flag, standard: "no", help: "Encrypt, or fail. Set by any other tls option."),
        OptionSpec("tls-ca", .file, standard: "the system's", help: "Certificates to trust."),
        OptionSpec("tls-cert", .file, help: "Our certificate, for an nsqd that wants one."),
        OptionSpec("tls-key", .file, help: "The key that belongs to it."),
        OptionSpec("tls-name", .text("NAME"), standard: "the host", help: "The name that nsqd's certificate must hold."),
        OptionSpec("tls-insecure", .flag, standard: "no", help: "Accept any certificate."),
        OptionSpec("deflate", .integer(1...9), help: "Compress with deflate at this level."),
        OptionSpec("snappy", .flag, standard: "no", help: "Compress with snappy."),
        OptionSpec("auth-file", .file, standard: "MQ_NSQ_AUTH", help: "The file that holds the secret for nsqd."),
        OptionSpec("client-id", .text("NAME"), standard: "the host's name", help: "How nsqd's statistics call us."),
        OptionSpec("topology-region", .text("NAME"), help: "Our region, for an nsqd that prefers near consumers."),
        OptionSpec("topology-zone", .text("NAME"), help: "Our zone."),
        OptionSpec(
            "resolve", .text("NAME:PORT:ADDRESS"), repeatable: true,
            help: "An address for a name, as curl has it: nsqlookupd may hand out names that only its own network knows."),
        OptionSpec(
            "http-port", .integer(1...65_535), standard: "the port + 1", help: "nsqd's HTTP port, through which queues are looked after."),
        OptionSpec(
            "https", .flag, standard: "no",
            help: "Manage queues over TLS, with the tls options; http-port is then the port + 2."),
        OptionSpec("poll", .duration, standard: "15s", help: "How often nsqlookupd is asked, or nsqd for new topics."),
        OptionSpec(
            "topic-pattern", .text("REGEX"), scope: .receive,
            help: "Receive from every topic that matches, those to come too: an extended regular expression, as grep -E has it."),
    ]

    private static let notes = [
        """
        send publishes to a topic; nsqd confirms when it holds the messages, in memory up to -mem-queue-size of each topic and \
        channel and on disk above that. A topic keeps everything until its first channel is made, which then gets all of it; \
        every channel gets a copy of what comes later.
        """,
        """
        recv takes from a channel and makes it if it is not there. Without a channel it listens on one of its own, named \
        mq…#ephemeral, that ends with it: it sees what is published meanwhile, and all that a topic without channels had kept.
        """,
        """
        recv takes from several topics at once (orders+refunds), or from every topic there is and will be (+; without a pattern, ephemeral \
        ones are left out). New topics are looked for every poll. JSON output has the name of the topic as queue, a format has it as %Q, \
        and with --out-dir each topic has files of its own where --name holds {queue}. Every topic has a connection of its own; \
        max-in-flight is shared by all.
        """,
        """
        nsq:temp is an ephemeral topic with one ephemeral channel: nsqd keeps no more of it than fits into -mem-queue-size and throws \
        the rest away. bench measures temp with an ordinary topic, which it makes and deletes through the HTTP port.
        """,
        """
        A message is delivered at least once and in no particular order. It goes to another consumer when it was not settled \
        within msg-timeout; mq asks for more time at half of it for as long as it is working, up to 15 minutes (nsqd's \
        -max-msg-timeout). What breaks off unsettled comes back after msg-timeout, what is left in good order at once.
        """,
        """
        --peek takes messages and puts them back at the end, at most 2500 of them: their attempts grow by one, and other \
        consumers do not get them meanwhile.
        """,
        """
        --delay holds a message back for an hour at most. nsqd forgets the delay, not the message, when its memory overflows or it \
        restarts. After a connection that broke, --retry sends again what was not confirmed, which may arrive twice.
        """,
        """
        list, stat, create, delete, purge and pause use nsqd's HTTP port. Through nsqlookupd they speak with every nsqd that has the \
        topic (create and list: with every nsqd there is) and add up what each of them says. purge of a topic removes what no channel \
        has yet; a channel is purged by its own address. list --nodes shows the nsqds with their versions and tombstones, stat --clients who \
        is connected, and --node has stat, pause, unpause, purge and delete speak with one nsqd; deleting a topic there tombstones it first.
        """,
        """
        Without hosts the address means 127.0.0.1:4150, or what MQ_NSQ says: host[:port][,host…] or the path of a socket. The \
        secret for an nsqd that wants one is in MQ_NSQ_AUTH or a file, never in the address.
        """,
    ]
}
