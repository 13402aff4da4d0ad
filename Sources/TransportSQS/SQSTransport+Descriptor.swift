public import MQCore

extension SQSTransport {
    public static let descriptor = Descriptor(
        name: "sqs", schemes: ["sqs", "arn", "https", "http"],
        summary: "Amazon SQS: standard and FIFO queues, and emulators of it",
        forms: [
            "sqs:NAME", "sqs:temp", "sqs:arn:aws:sqs:REGION:ACCOUNT:NAME", "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME", "arn:aws:sqs:…",
        ],
        capabilities: [
            .send, .receive, .acknowledge, .requeue, .peek, .admin, .delay, .attributes, .group, .exactCount, .redrive, .attempts,
            .timestamps,
            .temporary,
        ],
        options: options,
        emptyWait: .seconds(30), steadyReadings: 2, guarantee: .remote,
        notes: notes,
        examples: [
            ("sqs:orders", "the queue of that name in the default region and account"),
            ("sqs:orders,region=eu-west-1,profile=work", "in that region, with the keys of that profile"),
            ("https://sqs.eu-west-1.amazonaws.com/123456789012/orders", "by its URL, which needs no permission to look it up"),
            ("sqs:orders,endpoint=http://localhost:5000", "on an emulator"),
            ("sqs:jobs.fifo,dead-letter-queue=failed.fifo,max-receives=3", "create: a FIFO queue with a dead-letter queue"),
        ])

    private static let options = [
        OptionSpec("region", .text("REGION"), help: "Where the queue is, if not where every AWS tool finds it."),
        OptionSpec("endpoint", .text("URL"), help: "Everything goes there instead: an emulator, a private link."),
        OptionSpec("profile", .text("NAME"), standard: "AWS_PROFILE, default", help: "The profile whose region and credentials are used."),
        OptionSpec("account", .text("ID"), help: "The account that owns the queue, if not that of the credentials."),
        OptionSpec("fips", .flag, standard: "no", help: "Use the region's FIPS endpoint."),
        OptionSpec("dual-stack", .flag, standard: "no", help: "Use the region's endpoint with IPv6."),
        OptionSpec("ca-file", .file, standard: "AWS_CA_BUNDLE, the system's", help: "Certificates to trust."),
        OptionSpec(
            "concurrency", .integer(1...64), standard: "8", scope: .send, help: "Requests of up to ten messages under way at once."),
        OptionSpec(
            "base64", .flag, standard: "no", scope: .send,
            help: "Send bodies in base64, marked by the attribute mq.encoding, which recv undoes: any bytes pass."),
        OptionSpec(
            "dedup", .choice(["record", "content"]), standard: "record", scope: .send,
            help: "FIFO: each record is a message of its own, or the queue drops duplicates."),
        OptionSpec(
            "order", .choice(["strict", "batched"]), standard: "strict", scope: .send,
            help: "FIFO: one message of a group per request, so that none overtakes one that failed; batched puts ten."),
        OptionSpec("receivers", .integer(1...32), standard: "4", scope: .receive, help: "Polls under way at once, while messages come."),
        OptionSpec(
            "wait", .duration, standard: "20s", scope: .receive, help: "How long a poll waits at the service: whole seconds, up to 20s."),
        OptionSpec(
            "visibility", .duration, standard: "30s", scope: .receive,
            help: "How long after this process has died a message stays hidden, 1s to 12h; while it lives, that is extended."),
        OptionSpec(
            "dead-letter-queue", .text("NAME"), scope: .create, help: "Name or ARN of the queue for messages that fail too often."),
        OptionSpec("max-receives", .integer(1...1000), standard: "5", scope: .create, help: "How often a message is received before that."),
        OptionSpec(
            "attr", .text("NAME=VALUE"), scope: .create, repeatable: true,
            help: "Any attribute of a queue: attr=MessageRetentionPeriod=86400."),
        OptionSpec("tag", .text("NAME=VALUE"), scope: .create, repeatable: true, help: "A tag of the queue."),
    ]

    private static let notes = [
        """
        Region, endpoint and credentials come from the environment, the files below ~/.aws, the container or the instance, in \
        the order of every AWS tool; mq explain shows what was found. Single sign-on works through credential_process. Keys are \
        never printed.
        """,
        """
        A standard queue delivers at least once and in no particular order; what send repeats after an answer was lost may be \
        there twice, and is counted. A FIFO queue (its name ends in .fifo) keeps the order within a group; messages without a \
        group are all in the group \(MessageEncoder.standardGroup). A group stops at its first message that is refused, and one \
        request at a time carries one message of it; with order=batched ten, of which one that fails falls behind the others. \
        Each record gets an identity before it is first tried, so that trying again makes no second one.
        """,
        """
        A body is text of 1 byte to the queue's limit, at most 1 MiB with its attributes. Bytes that no XML may hold, NUL and \
        ESC among them, are refused with their place before anything is sent; base64 carries any. JSON input chooses it by \
        itself where it must.
        """,
        """
        What recv holds is kept from other receivers, up to the 12 hours SQS allows, however long its output blocks. It is \
        deleted after it was written, ten at a time; at the end the rest is given back at once.
        """,
        """
        --drain ends after three polls in a row that waited a second and brought nothing: SQS cannot tell more. --peek counts \
        as a receive, and shows ten messages of a FIFO group at most. The numbers of messages are approximate.
        """,
        """
        A request is tried up to 8 times with growing pauses, 3 times where nobody answers the connection; --retry makes it \
        longer. Messages that SQS refuses are named one by one.
        """,
    ]
}
