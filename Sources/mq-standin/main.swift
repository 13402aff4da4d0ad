// A stand-in of a broker as a program, for measurements: mq-standin sqs [QUEUE…] or mq-standin nsq. Prints where it listens
// and ends with its standard input. Not installed.
import Glibc
import MQStandIns

signal(SIGPIPE, SIG_IGN)
let words = CommandLine.arguments.dropFirst()

/// Nothing is read; the end tells that whoever started this is gone.
func waitForEndOfInput() {
    var byte: UInt8 = 0
    while true {
        let count = read(0, &byte, 1)
        if count == 0 || (count < 0 && errno != EINTR) { return }
    }
}

func say(_ text: String, to descriptor: CInt = 1) {
    let line = Array("\(text)\n".utf8)
    _ = write(descriptor, line, line.count)
}

do {
    switch words.first {
    case "sqs":
        let service = try SQSStandIn()
        for queue in words.dropFirst() { service.createQueue(queue) }
        say(service.endpoint)
        waitForEndOfInput()
        service.stop()
    case "nsq":
        let broker = try NSQStandIn()
        say("127.0.0.1:\(broker.tcpPort) 127.0.0.1:\(broker.httpPort)")
        waitForEndOfInput()
        broker.stop()
    default:
        say("usage: mq-standin sqs [QUEUE...] | nsq", to: 2)
        exit(64)
    }
} catch {
    say("mq-standin: \(error)", to: 2)
    exit(69)
}
