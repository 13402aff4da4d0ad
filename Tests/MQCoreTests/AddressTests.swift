import MQCore
import MQTesting
import Testing

@Suite(.timeLimit(.minutes(1)))
struct AddressTests {
    struct Form: CustomTestStringConvertible, Sendable {
        var typed: String
        var syntax: Descriptor.TargetSyntax = .single
        var targets: [String]
        /// `key=value`, or `key` alone.
        var options: [String] = []
        /// As printed; `nil` is as typed.
        var printed: String?
        var testDescription: String { typed }
    }

    static let forms: [Form] = [
        Form(typed: "posix-mq:/name", targets: ["/name"]),
        Form(typed: "posix-mq:name", targets: ["name"]),
        Form(typed: "posix-mq:temp", targets: ["temp"]),
        Form(typed: "posix-mq:fd=3", targets: ["fd=3"]),
        Form(typed: "POSIX-MQ:/Name", targets: ["/Name"], printed: "posix-mq:/Name"),
        Form(typed: "sysv:0x4d51", targets: ["0x4d51"]),
        Form(typed: "sysv:19793", targets: ["19793"]),
        Form(typed: "sysv:/path,proj=N", targets: ["/path"], options: ["proj=N"]),
        Form(typed: "sysv:id=32769", targets: ["id=32769"]),
        Form(typed: "mem:name", targets: ["name"]),
        Form(typed: "mem:", targets: [""]),
        Form(typed: "mem:,depth=3", targets: [""], options: ["depth=3"]),
        Form(typed: "zmq:pull:@tcp://:5555", syntax: .endpoints, targets: ["pull:@tcp://:5555"]),
        Form(typed: "zmq:pub:@ipc:///run/feed", syntax: .endpoints, targets: ["pub:@ipc:///run/feed"]),
        Form(typed: "zmq:push:tcp://a:1,tcp://b:1", syntax: .endpoints, targets: ["push:tcp://a:1", "tcp://b:1"]),
        Form(
            typed: "zmq:tcp://a:1,@tcp://b:1,sndhwm=5", syntax: .endpoints, targets: ["tcp://a:1", "@tcp://b:1"], options: ["sndhwm=5"]),
        Form(typed: "zmq:tcp://a:1,socks=tcp://p:2", syntax: .endpoints, targets: ["tcp://a:1"], options: ["socks=tcp://p:2"]),
        Form(typed: "zmq:tcp://a:1,socks=@x", syntax: .endpoints, targets: ["tcp://a:1"], options: ["socks=@x"]),
        Form(
            typed: "zmq:tcp://a:1,linger=0,tcp://b:1", syntax: .endpoints, targets: ["tcp://a:1", "tcp://b:1"], options: ["linger=0"],
            printed: "zmq:tcp://a:1,tcp://b:1,linger=0"),
        Form(typed: "nsq:topic/channel", syntax: .authority, targets: ["topic/channel"]),
        Form(typed: "nsq://host:4150/topic", syntax: .authority, targets: ["//host:4150/topic"]),
        Form(typed: "nsq://a,b:1,c/topic/channel,tls", syntax: .authority, targets: ["//a,b:1,c/topic/channel"], options: ["tls"]),
        Form(typed: "nsqlookup://a:4161,b:4161/topic", syntax: .authority, targets: ["//a:4161,b:4161/topic"]),
        Form(typed: "nsqlookup://a,b:4161", syntax: .authority, targets: ["//a,b:4161/"], printed: "nsqlookup://a,b:4161/"),
        Form(
            typed: "nsq://a,b,tls,x=1", syntax: .authority, targets: ["//a,b/"], options: ["tls", "x=1"], printed: "nsq://a,b/,tls,x=1"),
        Form(typed: "nsq://a,tls", syntax: .authority, targets: ["//a/"], options: ["tls"], printed: "nsq://a/,tls"),
        Form(
            typed: "nsq://host,cert=/etc/x", syntax: .authority, targets: ["//host/"], options: ["cert=/etc/x"],
            printed: "nsq://host/,cert=/etc/x"),
        Form(typed: "nsq://host/to%2Cpic%3F,a=1", syntax: .authority, targets: ["//host/to,pic?"], options: ["a=1"]),
        Form(typed: "sqs:arn:aws:sqs:eu-west-1:1:q", targets: ["arn:aws:sqs:eu-west-1:1:q"]),
        Form(typed: "https://sqs.eu-west-1.amazonaws.com/1/q", targets: ["//sqs.eu-west-1.amazonaws.com/1/q"]),
        Form(typed: "mem:q,flag", targets: ["q"], options: ["flag"]),
        Form(typed: "mem:q,key=", targets: ["q"], options: ["key="]),
        Form(typed: "mem:q,a=b=c", targets: ["q"], options: ["a=b=c"]),
        Form(typed: "mem:q?k=v&j=w", targets: ["q"], options: ["k=v", "j=w"], printed: "mem:q,k=v,j=w"),
        Form(typed: "mem:q,a=1?k=v", targets: ["q"], options: ["a=1", "k=v"], printed: "mem:q,a=1,k=v"),
        Form(typed: "mem:q?", targets: ["q"], printed: "mem:q"),
        Form(typed: "mem:a%2Cb", targets: ["a,b"]),
        Form(typed: "mem:a%2cb", targets: ["a,b"], printed: "mem:a%2Cb"),
        Form(typed: "mem:a%3Fb", targets: ["a?b"]),
        Form(typed: "mem:a%252Cb", targets: ["a%2Cb"]),
        Form(typed: "mem:50%,x=%41", targets: ["50%"], options: ["x=%41"]),
        Form(typed: "mem:a%25b", targets: ["a%b"], printed: "mem:a%b"),
        Form(typed: "mem:a%2Cb,k=1%2C2", targets: ["a,b"], options: ["k=1,2"]),
        Form(typed: "mem://a%2Cb", targets: ["//a,b"]),
    ]

    private func text(_ entry: OptionValues.Entry) -> String { entry.key + (entry.value.map { "=\($0)" } ?? "") }

    @Test(arguments: forms)
    func isDividedAndPrinted(form: Form) throws {
        let address = try Address(parsing: form.typed, syntax: form.syntax, keys: ["tls"])
        #expect(address.targets == form.targets)
        #expect(address.options.map(text) == form.options)
        #expect(address.text == form.printed ?? form.typed)
        #expect(try Address(parsing: address.text, syntax: form.syntax, keys: ["tls"]) == address)
    }

    @Test func shortFormHasNoOptions() throws {
        #expect(try Address(parsing: "nsq://a,b/t,tls,x=1", syntax: .authority).short == "nsq://a,b/t")
    }

    @Test(arguments: [
        "", "name", "/name", ":x", "1abc:x", "a_b:x", "a b:x", "-a:x", "é:x", "mem:q,", "mem:q,,a=1", "mem:q,=v", "mem:q?=v",
        "mem:q?a=1&", "mem:q?@x=1", "mem:q?tcp://x", "mem:a\0b",
    ])
    func isRefused(text: String) { #expect(failure { try Address(parsing: text, syntax: .endpoints) }?.code == .usage) }

    /// `:` and `,` before a combining accent are other Characters to Swift, and no others to the shell.
    @Test func separatorsAreBytes() throws {
        let address = try Address(parsing: "mem:\u{301}q,\u{301}=1?\u{301}=2&k=\u{301}", syntax: .single)
        #expect(address.options.count == 3)
        #expect(address.target == "\u{301}q")
        #expect(try Address(parsing: address.text, syntax: .single) == address)
    }

    @Test func sourceIsKept() throws {
        let address = try Address(parsing: "mem:q,a=1?b=2", syntax: .single, source: .alias("x"))
        #expect(address.options.map(\.source) == [.alias("x"), .alias("x")])
    }

    @Test func everyCharacterOfATargetSurvives() throws {
        for scalar in 1...0x17f {
            let target = "a\(Character(Unicode.Scalar(scalar)!))b%2"
            let address = Address(scheme: "mem", targets: [target], options: [.init(key: "k", value: target, source: .address)])
            #expect(try Address(parsing: address.text, syntax: .single) == address)
        }
    }
}

@Suite(.timeLimit(.minutes(1)))
struct AddressFuzzTests {
    @Test(arguments: [Descriptor.TargetSyntax.single, .endpoints, .authority])
    func randomAddressesPrintWhatTheyMean(syntax: Descriptor.TargetSyntax) {
        let words = [
            "mem", "zmq", ":", "//", "/", ",", "@", "://", "tcp://", "=", "?", "&", "%", "%2C", "%2c", "%3F", "%25", "2C", "25", "a", "b",
            "\u{301}", "é", "\r\n", "\0", " ", "-", "host", "key=value", "flag", "🐟",
        ]
        var accepted = 0
        let rounds = Fuzz.rounds { random, seed in
            let count = Int.random(in: 0...12, using: &random)
            var text = Bool.random(using: &random) ? "mem:" : ""
            for _ in 0..<count { text += words.randomElement(using: &random)! }
            guard let address = try? Address(parsing: text, syntax: syntax) else { return }
            accepted += 1
            let again = try? Address(parsing: address.text, syntax: syntax)
            #expect(again == address, "seed \(seed): \(text.debugDescription) printed as \(address.text.debugDescription)")
            #expect(again?.text == address.text, "seed \(seed): \(text.debugDescription)")
        }
        #expect(accepted > rounds / 20)
    }

    @Test func mutatedAddressesDoNoHarm() {
        let rounds = Fuzz.rounds { random, seed in
            let form = AddressTests.forms.randomElement(using: &random)!
            var bytes = form.typed.bytes
            for _ in 0...Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.insert(bytes.randomElement(using: &random)!, at: place)
                }
            }
            let text = String(raw: bytes)
            guard let address = try? Address(parsing: text, syntax: form.syntax) else { return }
            #expect((try? Address(parsing: address.text, syntax: form.syntax)) == address, "seed \(seed): \(text.debugDescription)")
        }
        #expect(rounds > 0)
    }
}
