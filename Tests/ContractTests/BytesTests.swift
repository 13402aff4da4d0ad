import MQTesting
import Testing

extension ProgramContract {
    @Suite("Words of the command line are bytes", .serialized, .timeLimit(.minutes(1)))
    struct BytesTests {
        @Test("A message that is not UTF-8 is sent as it is", arguments: ContractSubject.ofKernel)
        func message(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let result = try sh(#"mq send "$S" $'a\xff\xfeb' $'\xf4\x8f\xbf\xbf' && mq recv "$S" -n 2 -F netstring"#, ["S": queue.send])
                expectSuccess(result)
                #expect(result.output == utf8("4:a") + [0xff, 0xfe] + utf8("b,4:") + [0xf4, 0x8f, 0xbf, 0xbf] + utf8(","))
            }
        }

        @Test("Names of files and folders need not be UTF-8", arguments: ContractSubject.ofKernel.prefix(1))
        func files(subject: ContractSubject) throws {
            let script = #"""
                cd "$D"; f=$'f\xff\xfe'; printf body > "$f"
                mq send "$S" -F files "$f" && mq send "$S" other || exit 1
                mq recv "$S" -n 1 --out-dir $'o\xff' --name $'n\xfe.log' || exit 2
                mq recv "$S" -n 1 -F files --out-dir $'p\xff' || exit 3
                cat $'o\xff/n\xfe.log' $'p\xff/000001'
                """#
            try subject.withQueue { queue in
                let result = try sh(script, ["S": queue.send])
                expectSuccess(result)
                #expect(result.text == "body\nother")
            }
        }

        @Test("A delimiter and a format need not be UTF-8", arguments: ContractSubject.ofKernel)
        func framing(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let script = #"""
                    printf 'a\xffb\xff' | mq send "$S" -F $'delim:\xff' || exit 1
                    mq recv "$S" -n 1 -F $'delim:\xfe\xfd'; mq recv "$S" -n 1 -f $'%s\xff'
                    """#
                let result = try sh(script, ["S": queue.send])
                expectSuccess(result)
                #expect(result.output == utf8("a") + [0xfe, 0xfd] + utf8("b") + [0xff])
            }
        }

        @Test("A queue whose name is not UTF-8 is listed, shown and deleted by the name that is printed")
        func queue() throws {
            let name = UniqueName.make()
            let script = #"""
                mq create $'posix-mq:/'"$N"$'\xff' || exit 1
                mq send "posix-mq:/$N%FF" hello && mq recv $'posix-mq:/'"$N"$'\xff' --drain || exit 2
                mq list posix-mq: --json; mq stat "posix-mq:/$N%ff" || exit 3
                mq delete "posix-mq:/$N%FF" || exit 4
                mq stat "posix-mq:/$N%FF"
                """#
            let result = try sh(script, ["N": name])
            expectFailure(result, 66, "posix-mq:/\(name)%FF: no such queue")
            #expect(result.lines.first == "hello")
            #expect(result.text.contains("\"address\":\"posix-mq:/\(name)%FF\""))
        }

        @Test("A word that is not UTF-8 and means nothing is shown escaped")
        func mistakes() throws {
            expectSentence(try sh(#"mq recv posix-mq:/x --timeout $'5\xff'"#), 64, #"--timeout '5\xff' is not a duration"#)
            expectSentence(try sh(#"mq $'\xff'"#), 64, #"there is no verb '\xff'"#)
            let json = try sh(#"mq recv $'posix-mq:/a/\xff' --error-format json"#)
            #expect(try jsonObject(json.errorText)["address"] as? String == "posix-mq:/a/%FF")
        }

        @Test("A hundred thousand words are a hundred thousand messages")
        func many() throws {
            let result = try sh(#"mq send mem:q,depth=200000 -v $(seq 100000)"#)
            expectSuccess(result)
            #expect(result.errorText.contains("100,000 messages sent"))
        }
    }
}
