import MQCore
import MQTesting
import Testing

@testable import TransportSQS

/// A home with the files of the AWS tools.
private func surroundings(
    _ fixture: Fixture, config: String? = nil, credentials: String? = nil, _ variables: [String: String] = [:], profile: String? = nil
) throws -> Surroundings {
    let folder = try fixture.directory()
    var variables = variables
    variables["HOME"] = folder
    for (name, text) in [("AWS_CONFIG_FILE", config), ("AWS_SHARED_CREDENTIALS_FILE", credentials)] {
        let path = "\(folder)/\(name)"
        if let text { try LocalFile.write(Array(text.utf8), to: path) }
        variables[name] = path
    }
    return Surroundings(variables: variables, profile: profile)
}

private func failure<Value>(_ body: () throws -> Value) -> TransportError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? TransportError
    }
}

private func parse(_ text: String) throws -> ConfigFile { try ConfigFile(parsing: Array(text.utf8), path: "file") }

@Suite("sqs configuration", .ownThread, .timeLimit(.minutes(1)))
struct SQSConfigurationTests {
    // MARK: Files

    @Test func sectionsKeysAndCommentsAreReadAsTheAWSToolsReadThem() throws {
        let file = try parse(
            """
            # a comment
            [default]
            Region = eu-west-1   ; behind a value
            aws_secret_access_key = a#b=c/d+e
            [profile "work place"]
            region=us-east-2\r
            s3 =
              max_concurrent_requests = 20
            empty =
            [ profile  default ]
            output = json
            """)
        #expect(file["default", "region"] == "eu-west-1")
        #expect(file["default", "aws_secret_access_key"] == "a#b=c/d+e")
        #expect(file["default", "output"] == "json")
        #expect(file["profile work place", "region"] == "us-east-2")
        #expect(file["profile work place", "s3.max_concurrent_requests"] == "20")
        #expect(file["profile work place", "empty"] == nil)
        #expect(file["absent", "region"] == nil)
    }

    @Test(arguments: [("[a", "line 1"), ("[a]\nword", "line 2"), ("k = v", "line 1"), ("[a]\n= v", "line 2")])
    func aBrokenLineIsNamedAndNotShown(text: String, place: String) {
        let error = failure { try parse(text) }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains(place) == true)
        #expect(error?.message.contains("word") == false)
    }

    @Test func noBytesMakeTheParserFailOtherwise() {
        let pieces = ["[", "]", "=", "\n", " ", "#", ";", "profile ", "default", "key", "\t", "\r", "\"", "\u{e9}", "\0"]
        let rounds = Fuzz.rounds { generator, seed in
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...40, using: &generator) { bytes += Array(pieces.randomElement(using: &generator)!.utf8) }
            bytes += generator.bytes(upTo: 8)
            do throws(TransportError) { _ = try ConfigFile(parsing: bytes, path: "f") } catch {
                #expect(error.code == .configuration, "seed \(seed)")
            }
        }
        #expect(rounds > 100)
    }

    // MARK: Credentials

    @Test func theEnvironmentGoesBeforeTheProfileUnlessTheAddressNamesOne() throws {
        let fixture = Fixture()
        let variables = ["AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "s1"]
        let file =
            "[default]\naws_access_key_id = AKFILE\naws_secret_access_key = s2\n[other]\naws_access_key_id = AKOTHER\naws_secret_access_key = s3\n"
        func key(_ profile: String?, _ variables: [String: String]) throws -> String {
            let found = try surroundings(fixture, credentials: file, variables, profile: profile)
            return try CredentialChain(surroundings: found, region: nil).fetch(until: .never, stop: StopFlag()).accessKey
        }
        #expect(try key(nil, variables) == "AKENV")
        #expect(try key(nil, [:]) == "AKFILE")
        #expect(try key("other", variables) == "AKOTHER")
        #expect(try key(nil, ["AWS_PROFILE": "other"]) == "AKOTHER")
    }

    @Test func aProcessGivesCredentialsThatExpire() throws {
        let fixture = Fixture()
        let json =
            "{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"AKP\\\",\\\"SecretAccessKey\\\":\\\"sp\\\",\\\"SessionToken\\\":\\\"tp\\\",\\\"Expiration\\\":\\\"2030-01-01T00:00:00Z\\\"}"
        let found = try surroundings(fixture, config: "[profile p]\ncredential_process = printf '%s' \"\(json)\"\n", profile: "p")
        let keys = try CredentialChain(surroundings: found, region: nil).fetch(until: .never, stop: StopFlag())
        #expect(keys.accessKey == "AKP" && keys.sessionToken == "tp" && keys.expiry == 1_893_456_000)
    }

    /// Five minutes before; and where that fails those that still hold are better than none.
    @Test func credentialsAreRenewedBeforeTheyExpire() throws {
        let fixture = Fixture(), hands = HandClocks(wall: 1_900_000_000_000_000_000)
        let folder = try fixture.directory()
        let expiry = Timestamp.text(1_900_003_600_000_000_000)
        let script = """
            [ -e \(folder)/broken ] && exit 3; echo x >> \(folder)/calls
            printf '{"Version":1,"AccessKeyId":"AK%s","SecretAccessKey":"s","Expiration":"\(expiry)"}' $(wc -l < \(folder)/calls)
            """
        try LocalFile.write(Array(script.utf8), to: "\(folder)/script")
        let found = try surroundings(fixture, config: "[default]\ncredential_process = sh \(folder)/script\n")
        let store = CredentialStore(CredentialChain(surroundings: found, region: nil))
        func key() throws -> String { try store.get(until: .never, stop: StopFlag(), clocks: hands.clocks).accessKey }
        #expect(try key() == "AK1")
        hands.advance(.seconds(3299))
        #expect(try key() == "AK1")
        hands.advance(.seconds(1))
        #expect(try key() == "AK2")
        try LocalFile.write([], to: "\(folder)/broken")
        #expect(try key() == "AK2")
        hands.advance(.seconds(300))
        #expect(failure { try key() }?.code == .configuration)
    }

    @Test(arguments: [("exit 3", "failed"), ("echo hello", "not the JSON"), ("echo '{}'", "no AccessKeyId")])
    func aProcessThatFailsIsSaid(command: String, words: String) throws {
        let fixture = Fixture()
        let found = try surroundings(fixture, config: "[default]\ncredential_process = \(command)\n")
        let error = failure { try CredentialChain(surroundings: found, region: nil).fetch(until: .never, stop: StopFlag()) }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test func aProcessIsNotWaitedForLongerThanTheDeadline() throws {
        let fixture = Fixture()
        let found = try surroundings(fixture, config: "[default]\ncredential_process = sleep 50\n")
        let start = Deadline.now()
        let error = failure {
            try CredentialChain(surroundings: found, region: nil).fetch(until: .after(.milliseconds(100)), stop: StopFlag())
        }
        #expect(error?.code == .tryAgain)
        #expect(Deadline.now() - start < 5_000_000_000)
    }

    @Test func whereCredentialsComeFromIsToldAndNothingSecret() throws {
        let fixture = Fixture()
        let config = """
            [profile base]
            aws_access_key_id = AKBASE
            aws_secret_access_key = SECRETBASE
            [profile role]
            role_arn = arn:aws:iam::1:role/r
            source_profile = base
            [profile web]
            role_arn = arn:aws:iam::1:role/w
            web_identity_token_file = /token
            [profile loop]
            role_arn = arn:aws:iam::1:role/l
            source_profile = loop2
            [profile loop2]
            role_arn = arn:aws:iam::1:role/l
            source_profile = loop
            [profile sso]
            sso_session = s
            """
        func words(_ profile: String) throws -> String {
            try CredentialChain(surroundings: try surroundings(fixture, config: config, profile: profile), region: nil).find().words
        }
        #expect(try words("role") == "profile role, assuming arn:aws:iam::1:role/r with profile base")
        #expect(try words("web").contains("the token in /token"))
        #expect(failure { try words("loop") }?.message.contains("leads back") == true)
        #expect(failure { try words("sso") }?.hint?.contains("credential_process") == true)
        #expect(failure { try words("absent") }?.code == .configuration)
        let keys = Credentials(accessKey: "AK", secretKey: "SECRET", sessionToken: "TOKEN", source: "here")
        for text in ["\(keys)", String(reflecting: keys), "\(Optional(keys) as Any)"] {
            #expect(!text.contains("SECRET") && !text.contains("TOKEN"))
        }
    }

    @Test func keysDoNotTravelInTheClear() throws {
        let fixture = Fixture()
        let found = try surroundings(fixture, ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/keys"])
        #expect(failure { try CredentialChain(surroundings: found, region: nil).find() }?.code == .configuration)
        let near = try surroundings(fixture, ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/keys"])
        #expect(try CredentialChain(surroundings: near, region: nil).find().words.contains("127.0.0.1:1/keys"))
    }

    @Test func noCredentialsIsAPermissionErrorThatSaysWhatToSet() throws {
        let fixture = Fixture()
        let found = try surroundings(fixture, ["AWS_EC2_METADATA_DISABLED": "true"])
        let error = failure { try CredentialChain(surroundings: found, region: nil).find() }
        #expect(error?.code == .permission && error?.hint?.contains("AWS_ACCESS_KEY_ID") == true)
    }

    // MARK: Regions and endpoints

    private func settings(_ text: String, _ found: Surroundings) throws -> Settings {
        let address = try Address(parsing: text, syntax: .single)
        return try Settings(address, options: OptionValues(address.options, for: SQSTransport.descriptor), surroundings: found)
    }

    @Test func theRegionIsFoundWhereEveryAWSToolLooks() throws {
        let fixture = Fixture()
        let all = try surroundings(
            fixture, config: "[default]\nregion = r-profile\n", ["AWS_REGION": "r-env", "AWS_DEFAULT_REGION": "r-default"])
        #expect(try settings("sqs:q,region=r-address", all).knownRegion()?.value == "r-address")
        #expect(try settings("sqs:arn:aws:sqs:r-arn:123456789012:q", all).knownRegion()?.value == "r-arn")
        #expect(try settings("https://sqs.eu-west-3.amazonaws.com/123456789012/q", all).knownRegion()?.value == "eu-west-3")
        #expect(try settings("sqs:q", all).knownRegion()?.value == "r-env")
        let fewer = try surroundings(fixture, config: "[default]\nregion = r-profile\n", ["AWS_DEFAULT_REGION": "r-default"])
        #expect(try settings("sqs:q", fewer).knownRegion()?.value == "r-default")
        let last = try surroundings(fixture, config: "[default]\nregion = r-profile\n")
        #expect(try settings("sqs:q", last).knownRegion()?.value == "r-profile")
    }

    @Test func anEndpointOfItsOwnWins() throws {
        let fixture = Fixture()
        let config = "[default]\nservices = s\nendpoint_url = http://p:3\n[services s]\nsqs =\n  endpoint_url = http://s:2\n"
        func endpoint(_ text: String, _ variables: [String: String]) throws -> String? {
            try settings(text, try surroundings(fixture, config: config, variables)).endpoint(region: "eu-west-1")?.value
        }
        let both = ["AWS_ENDPOINT_URL_SQS": "http://e:1", "AWS_ENDPOINT_URL": "http://e:2"]
        #expect(try endpoint("sqs:q,endpoint=http://o:9", both) == "http://o:9")
        #expect(try endpoint("sqs:q", both) == "http://e:1")
        #expect(try endpoint("sqs:q", ["AWS_ENDPOINT_URL": "http://e:2"]) == "http://e:2")
        #expect(try endpoint("sqs:q", [:]) == "http://s:2")
        #expect(try endpoint("sqs:q", ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"]) == "https://sqs.eu-west-1.amazonaws.com")
        #expect(failure { try endpoint("sqs:q", ["AWS_ENDPOINT_URL": "nonsense"]) }?.code == .configuration)
        #expect(failure { try endpoint("sqs:q,endpoint=nonsense", [:]) }?.code == .usage)
    }

    @Test(.enabled(if: MotoServer.isAvailable, "no Python with botocore"))
    func endpointsAreThoseOfBotocore() throws {
        let regions = [
            "us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1",
        ]
        let script = """
            import sys, botocore.session, botocore.config
            session = botocore.session.get_session()
            for region in sys.argv[1:]:
                for fips in (False, True):
                    for dual in (False, True):
                        try:
                            config = botocore.config.Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual)
                            client = session.create_client('sqs', region_name=region, config=config, aws_access_key_id='a', aws_secret_access_key='b')
                            print(client.meta.endpoint_url)
                        except Exception:
                            print('none')
            """
        let result = try Executable(MotoServer.python!).run(["-c", script] + regions, timeout: .seconds(50))
        #expect(result.status == 0, "\(result.errorText)")
        var lines = result.text.split(separator: "\n").map(String.init)[...]
        for region in regions {
            for variant in [[], [.dualStack], [.fips], [.fips, .dualStack]] as [Partition.Variant] {
                let theirs = lines.popFirst()
                // For the isolated partitions botocore's table of partitions and its client disagree about dual stack.
                if theirs == "none" || (variant.contains(.dualStack) && region.contains("-iso")) { continue }
                #expect(Partition.of(region: region).endpoint(service: "sqs", region: region, variant: variant) == theirs)
            }
        }
    }

    @Test(arguments: [
        ("sqs.eu-west-1.amazonaws.com", "eu-west-1"), ("sqs.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("sqs-fips.us-east-2.amazonaws.com", "us-east-2"), ("queue.amazonaws.com", "us-east-1"),
        ("eu-west-1.queue.amazonaws.com", "eu-west-1"),
        ("vpce-0a1b-c2d3.sqs.us-west-2.vpce.amazonaws.com", "us-west-2"), ("sqs.eu-central-1.api.aws", "eu-central-1"),
        ("localhost:4566", nil), ("example.com", nil), ("amazonaws.com", nil),
    ])
    func aURLTellsItsRegion(host: String, region: String?) { #expect(Partition.region(ofHost: host) == region) }

    // MARK: Addresses

    @Test(
        arguments: [
            ("sqs:orders", "orders", nil), ("sqs:orders.fifo", "orders.fifo", nil),
            ("sqs:arn:aws:sqs:us-east-1:123456789012:a-b_c", "a-b_c", "123456789012"),
            ("arn:aws:sqs:us-east-1:123456789012:q", "q", "123456789012"),
            ("https://sqs.us-east-1.amazonaws.com/123456789012/q", "q", "123456789012"),
            ("http://localhost:4566/000000000000/q", "q", "000000000000"),
            ("http://sqs.us-east-1.localhost.localstack.cloud:4566/queue/q", "q", nil),
        ] as [(String, String, String?)])
    func aQueueIsNamedInThreeWays(text: String, name: String, account: String?) throws {
        let target = try QueueTarget(Address(parsing: text, syntax: .single))
        #expect(target.name == name && target.account == account)
    }

    @Test(arguments: [
        "sqs:a.b", "sqs:\u{e9}", "sqs:.fifo", "sqs:" + String(repeating: "x", count: 81), "sqs:arn:aws:sns:us-east-1:1:q",
        "arn:aws:sqs:us-east-1::q", "https://sqs.us-east-1.amazonaws.com/", "http://a@b/c/d",
    ])
    func whatCanNeverBeAQueueIsAUsageError(text: String) {
        #expect(failure { try QueueTarget(Address(parsing: text, syntax: .single)) }?.code == .usage)
    }
}
