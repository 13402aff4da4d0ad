import Foundation
import MQTesting
import Testing

/// Both mocks as other clients see them.
@Suite(
    "mock: clients of others", .serialized, .ownThread, .timeLimit(.minutes(2)),
    .enabled(if: MotoServer.isAvailable, "MQ_TEST_PYTHON names no Python with boto3"))
struct MockPeerTests {
    @Test("The AWS command line works, with signatures checked")
    func commandLine() throws {
        let python = try #require(MotoServer.python)
        let script = """
            set -e; aws() { "$PYTHON" -m awscli sqs "$@" --output json --endpoint-url "$AWS_ENDPOINT_URL_SQS"; }
            url=$(aws create-queue --queue-name q --query QueueUrl | tr -d '"')
            aws send-message --queue-url $url --message-body 'von aws: zwölf' >/dev/null
            mq expect sqs:q --eq 'von aws: zwölf'
            """
        let result = try sh("export SCRIPT; mq mock sqs --check-signatures -- bash -c \"$SCRIPT\"", ["SCRIPT": script, "PYTHON": python])
        expectSuccess(result)
    }

    @Test("The query protocol of older SDKs is answered in XML")
    func query() throws {
        let python = try #require(MotoServer.python)
        let program = #"""
            import base64, hashlib, os, urllib.error, urllib.parse, urllib.request
            import xml.etree.ElementTree as tree
            endpoint = os.environ['AWS_ENDPOINT_URL_SQS']
            space = '{http://queue.amazonaws.com/doc/2012-11-05/}'
            def ask(action, url=endpoint + '/', **words):
                words = {k.replace('_', '.'): v for k, v in words.items()}
                data = urllib.parse.urlencode(dict(Action=action, Version='2012-11-05', **words)).encode()
                try: text = urllib.request.urlopen(url, data=data).read()
                except urllib.error.HTTPError as error: text = error.read()
                return tree.fromstring(text)
            def all(found, path): return [e.text for e in found.iterfind('.//' + '/'.join(space + p for p in path.split('/')))]
            made = ask('CreateQueue', QueueName='q', Attribute_1_Name='VisibilityTimeout', Attribute_1_Value='7', Tag_1_Key='a', Tag_1_Value='b')
            assert made.tag == space + 'CreateQueueResponse'
            url, = all(made, 'CreateQueueResult/QueueUrl')
            assert all(ask('ListQueues'), 'ListQueuesResult/QueueUrl') == [url]
            sent = ask('SendMessage', url, MessageBody='a<b>&"ü', MessageAttribute_1_Name='k', MessageAttribute_1_Value_DataType='String',
                       MessageAttribute_1_Value_StringValue='v', MessageAttribute_2_Name='r', MessageAttribute_2_Value_DataType='Binary',
                       MessageAttribute_2_Value_BinaryValue=base64.b64encode(b'\x00\xff').decode())
            assert all(sent, 'MD5OfMessageBody') == [hashlib.md5('a<b>&"ü'.encode()).hexdigest()]
            got = ask('ReceiveMessage', url, MaxNumberOfMessages='10', AttributeName_1='All', MessageAttributeName_1='All')
            assert all(got, 'Message/Body') == ['a<b>&"ü'], tree.tostring(got)
            assert all(got, 'Message/MessageAttribute/Name') == ['k', 'r'] and all(got, 'MessageAttribute/Value/StringValue') == ['v']
            assert 'ApproximateReceiveCount' in all(got, 'Message/Attribute/Name')
            ask('DeleteMessage', url, ReceiptHandle=all(got, 'Message/ReceiptHandle')[0])
            batch = {'SendMessageBatchRequestEntry_%d_%s' % (n, k): v for n in range(1, 12 - 1) for k, v in (('Id', 'i%d' % n), ('MessageBody', 'b%d' % n))}
            r = ask('SendMessageBatch', url, **batch)
            assert all(r, 'SendMessageBatchResultEntry/Id') == ['i%d' % n for n in range(1, 11)], tree.tostring(r)
            a = ask('GetQueueAttributes', url, AttributeName_1='All')
            values = dict(zip(all(a, 'Attribute/Name'), all(a, 'Attribute/Value')))
            assert values['ApproximateNumberOfMessages'] == '10' and values['VisibilityTimeout'] == '7', values
            assert all(ask('ListQueueTags', url), 'Tag/Key') == ['a']
            e = ask('GetQueueUrl', QueueName='absent')
            assert all(e, 'Error/Code') == ['AWS.SimpleQueueService.NonExistentQueue'] and all(e, 'Error/Type') == ['Sender'], tree.tostring(e)
            print('right')
            """#
        let result = try mq().run(["mock", "sqs", "--", python, "-c", program])
        #expect(result.text == "right\n", "\(result.errorText)")
    }

    private static let hasPynsq = MotoServer.python.flatMap { try? Executable($0).run(["-c", "import nsq"]).status } == 0

    @Test("pynsq publishes and consumes, puts back and touches", .enabled(if: hasPynsq))
    func pynsq() throws {
        let python = try #require(MotoServer.python)
        let program = #"""
            import asyncio, os, sys
            asyncio.set_event_loop(asyncio.new_event_loop())
            import nsq, tornado.ioloop
            address = os.environ['NSQD_TCP']
            seen = []
            loop = tornado.ioloop.IOLoop.current()
            def handle(message):
                seen.append((message.body, message.attempts))
                if message.body == b'again' and message.attempts == 1:
                    message.touch()
                    message.requeue(time_ms=50, backoff=False)
                    return None
                if sorted(b for b, n in seen if n == 1) == [b'again', b'one', b'two'] and (b'again', 2) in seen:
                    loop.call_later(0.05, loop.stop)
                return True
            reader = nsq.Reader(message_handler=handle, nsqd_tcp_addresses=[address], topic='t', channel='c', max_in_flight=5,
                                requeue_delay=0, lookupd_poll_interval=1, snappy=False, deflate=len(sys.argv) > 1)
            writer = nsq.Writer([address])
            def publish():
                writer.pub('t', b'one')
                writer.mpub('t', [b'two', b'again'])
            loop.call_later(0.2, publish)
            loop.call_later(20, loop.stop)
            nsq.run()
            assert (b'again', 2) in seen and len(seen) == 4, seen
            print('right')
            """#
        for words in [[], ["deflate"]] {
            let result = try mq().run(["mock", "nsq", "--", python, "-c", program] + words, timeout: .seconds(40))
            #expect(result.text.contains("right"), "\(result.text)\n\(result.errorText)")
        }
    }
}
