import Foundation
import MQTesting
import Testing

/// The mock of SQS as boto3 sees it: what users of other emulators ran into.
@Suite(
    "mock sqs: boto3", .serialized, .ownThread, .timeLimit(.minutes(2)),
    .enabled(if: MotoServer.isAvailable, "MQ_TEST_PYTHON names no Python with boto3"))
struct MockServiceTests {
    static let rows = [
        "checksums of bodies and attributes, in batches too", "an empty reply has no list", "a message over the limit is refused",
        "attribute filters", "several messages of a group in one batch", "permissions are accepted",
        "a repetition has the identity of the first and checksums of its own",
        "the deduplication window is five minutes, not while in queue",
        "deduplication within a group", "a redrive without destination goes to the source queues", "an expired receipt handle is refused",
        "the trace header is kept", "the clock drives visibility, delay and retention", "dead letters after the last receive",
        "tags and attributes", "batches are checked as a whole", "names and values have their limits", "lists go on where they ended",
        "what is binary stays binary", "a purge within a minute is refused", "the ID from a body is its SHA-256",
        "what JSON leaves out may be null, and nothing at all", "dead-letter sources go on where they ended",
        "dead letters go to a queue of the same kind that is there", "attributes are what they say",
    ]

    /// All rows in one program: boto3 takes a second to load.
    private static let report: Result<ProgramResult, any Error> = Result {
        let python = try #require(MotoServer.python)
        return try mq().run(["mock", "sqs", "--clock", "virtual", "--", python, "-c", program], timeout: .seconds(100))
    }

    @Test("boto3 finds it as the service is", arguments: rows)
    func row(name: String) throws {
        let result = try Self.report.get()
        #expect(result.lines.contains("ok: \(name)"), "\(result.text)\n\(result.errorText)")
    }

    @Test("Nothing else was tried")
    func complete() throws { #expect(try Self.report.get().lines.filter { $0.hasPrefix("ok: ") }.count == Self.rows.count) }

    private static let program = #"""
        import boto3, hashlib, json, os, struct, traceback, urllib.request
        from botocore.exceptions import ClientError
        sqs = boto3.client('sqs')
        endpoint = os.environ['AWS_ENDPOINT_URL_SQS']
        count = 0

        def queue(fifo=False, **attributes):
            global count
            count += 1
            name = 'q%d' % count + ('.fifo' if fifo else '')
            if fifo: attributes['FifoQueue'] = 'true'
            return sqs.create_queue(QueueName=name, Attributes=attributes)['QueueUrl']

        def move(text): urllib.request.urlopen(endpoint + '/mq/clock', data=text.encode()).read()
        def arn(url): return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['QueueArn'])['Attributes']['QueueArn']
        def take(url, n=10, **more): return sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=n, **more).get('Messages', [])
        def md5(text): return hashlib.md5(text.encode()).hexdigest()
        def part(b): return struct.pack('>I', len(b)) + b

        def md5s(attributes):
            out = b''
            for name in sorted(attributes):
                a = attributes[name]
                out += part(name.encode()) + part(a['DataType'].encode())
                if 'BinaryValue' in a: out += b'\x02' + part(a['BinaryValue'])
                else: out += b'\x01' + part(a['StringValue'].encode())
            return hashlib.md5(out).hexdigest()

        def refused(code, call, **words):
            try: call(**words)
            except ClientError as error:
                assert error.response['Error']['Code'] == code, error.response
                return
            raise AssertionError('not refused: ' + code)

        rows = []
        def row(name):
            def keep(test): rows.append((name, test))
            return keep

        kinds = {'kind': {'DataType': 'String', 'StringValue': 'grüße'}, 'n': {'DataType': 'Number.int', 'StringValue': '7'},
                 'raw': {'DataType': 'Binary', 'BinaryValue': b'\x00\xff'}}

        @row('checksums of bodies and attributes, in batches too')
        def _():
            q = queue()
            r = sqs.send_message(QueueUrl=q, MessageBody='zwölf', MessageAttributes=kinds)
            assert r['MD5OfMessageBody'] == md5('zwölf') and r['MD5OfMessageAttributes'] == md5s(kinds), r
            r = sqs.send_message_batch(QueueUrl=q, Entries=[dict(Id=str(n), MessageBody='b%d' % n, MessageAttributes=kinds) for n in range(3)])
            assert {e['MD5OfMessageBody'] for e in r['Successful']} == {md5('b%d' % n) for n in range(3)}
            assert all(e['MD5OfMessageAttributes'] == md5s(kinds) for e in r['Successful'])
            for m in take(q, MessageAttributeNames=['All']):
                assert m['MD5OfBody'] == md5(m['Body']) and m['MD5OfMessageAttributes'] == md5s(m['MessageAttributes']) == md5s(kinds), m

        @row('an empty reply has no list')
        def _():
            assert 'Messages' not in sqs.receive_message(QueueUrl=queue())

        @row('a message over the limit is refused')
        def _():
            q = queue(MaximumMessageSize='1024')
            sqs.send_message(QueueUrl=q, MessageBody='x' * 1024)
            refused('InvalidParameterValue', sqs.send_message, QueueUrl=q, MessageBody='x' * 1025)
            refused('InvalidParameterValue', sqs.send_message, QueueUrl=q, MessageBody='x' * 1000, MessageAttributes=kinds)

        @row('attribute filters')
        def _():
            q = queue(VisibilityTimeout='0')
            sqs.send_message(QueueUrl=q, MessageBody='x', MessageAttributes={'a.b': kinds['kind'], 'a.c': kinds['n'], 'd': kinds['kind']})
            def names(*wanted): return set(take(q, MessageAttributeNames=list(wanted))[0].get('MessageAttributes', {}))
            assert names() == set() and names('d') == {'d'} and names('a.*') == {'a.b', 'a.c'} and names('All') == {'a.b', 'a.c', 'd'}

        @row('several messages of a group in one batch')
        def _():
            q = queue(True, ContentBasedDeduplication='true')
            r = sqs.send_message_batch(QueueUrl=q, Entries=[dict(Id=str(n), MessageBody=str(n), MessageGroupId='g') for n in range(5)])
            numbers = [e['SequenceNumber'] for e in sorted(r['Successful'], key=lambda e: e['Id'])]
            assert numbers == sorted(numbers) and len(set(numbers)) == 5
            got = take(q)
            assert [m['Body'] for m in got] == ['0', '1', '2', '3', '4'], got
            sqs.send_message(QueueUrl=q, MessageBody='5', MessageGroupId='g')
            sqs.send_message(QueueUrl=q, MessageBody='other', MessageGroupId='h')
            assert [m['Body'] for m in take(q)] == ['other']
            for m in got: sqs.delete_message(QueueUrl=q, ReceiptHandle=m['ReceiptHandle'])
            assert [m['Body'] for m in take(q)] == ['5']

        @row('permissions are accepted')
        def _():
            q = queue()
            sqs.add_permission(QueueUrl=q, Label='l', AWSAccountIds=['123456789012'], Actions=['SendMessage'])
            sqs.remove_permission(QueueUrl=q, Label='l')

        @row('a repetition has the identity of the first and checksums of its own')
        def _():
            q = queue(True)
            a = sqs.send_message(QueueUrl=q, MessageBody='first', MessageGroupId='g', MessageDeduplicationId='d')
            b = sqs.send_message(QueueUrl=q, MessageBody='second', MessageGroupId='g', MessageDeduplicationId='d')
            assert (a['MessageId'], a['SequenceNumber']) == (b['MessageId'], b['SequenceNumber']), (a, b)
            assert b['MD5OfMessageBody'] == md5('second')
            both = [dict(Id=n, MessageBody=n, MessageGroupId='h', MessageDeduplicationId='e') for n in ('1', '2')]
            c, d = sqs.send_message_batch(QueueUrl=q, Entries=both)['Successful']
            assert (c['MessageId'], c['SequenceNumber']) == (d['MessageId'], d['SequenceNumber']) and d['MD5OfMessageBody'] == md5('2'), (c, d)
            assert sorted(m['Body'] for m in take(q)) == ['1', 'first']

        @row('the deduplication window is five minutes, not while in queue')
        def _():
            q = queue(True)
            def send(): sqs.send_message(QueueUrl=q, MessageBody='x', MessageGroupId='g', MessageDeduplicationId='d')
            def drain():
                got = take(q)
                for m in got: sqs.delete_message(QueueUrl=q, ReceiptHandle=m['ReceiptHandle'])
                return len(got)
            send(); assert drain() == 1
            move('4m'); send(); assert drain() == 0
            move('61s'); send(); assert drain() == 1
            # Nor is it longer for what still waits.
            move('301s'); send(); move('301s'); send(); assert drain() == 2

        @row('deduplication within a group')
        def _():
            q = queue(True, DeduplicationScope='messageGroup', FifoThroughputLimit='perMessageGroupId')
            for group in 'gh': sqs.send_message(QueueUrl=q, MessageBody=group, MessageGroupId=group, MessageDeduplicationId='d')
            assert sorted(m['Body'] for m in take(q)) == ['g', 'h']

        def failing(fifo=False):
            dead = queue(fifo)
            return dead, queue(fifo, VisibilityTimeout='0', RedrivePolicy=json.dumps({'deadLetterTargetArn': arn(dead), 'maxReceiveCount': 2}))

        @row('dead letters after the last receive')
        def _():
            dead, q = failing()
            sent = sqs.send_message(QueueUrl=q, MessageBody='x')
            assert len(take(q)) == 1 and len(take(q)) == 1 and len(take(q)) == 0
            m = take(dead, MessageSystemAttributeNames=['All'])[0]
            assert m['MessageId'] == sent['MessageId'] and m['Attributes']['DeadLetterQueueSourceArn'] == arn(q), m
            assert sqs.list_dead_letter_source_queues(QueueUrl=dead)['queueUrls'] == [q]

        @row('a redrive without destination goes to the source queues')
        def _():
            dead, q = failing()
            policy = json.dumps({'deadLetterTargetArn': arn(dead), 'maxReceiveCount': 2})
            other = queue(VisibilityTimeout='0', RedrivePolicy=policy)
            for source, body in ((q, 'x'), (other, 'y')):
                sqs.send_message(QueueUrl=source, MessageBody=body)
                for _ in range(3): take(source)
            sqs.start_message_move_task(SourceArn=arn(dead))
            task = sqs.list_message_move_tasks(SourceArn=arn(dead))['Results'][0]
            assert task['Status'] == 'COMPLETED' and task['ApproximateNumberOfMessagesMoved'] == 2, task
            assert [m['Body'] for m in take(q)] == ['x'] and [m['Body'] for m in take(other)] == ['y'] and take(dead) == []
            refused('InvalidParameterValue', sqs.start_message_move_task, SourceArn=arn(q))

        @row('an expired receipt handle is refused')
        def _():
            q = queue(True, VisibilityTimeout='1', ContentBasedDeduplication='true')
            sqs.send_message(QueueUrl=q, MessageBody='x', MessageGroupId='g')
            handle = take(q)[0]['ReceiptHandle']
            move('2s')
            refused('InvalidParameterValue', sqs.delete_message, QueueUrl=q, ReceiptHandle=handle)
            refused('InvalidParameterValue', sqs.change_message_visibility, QueueUrl=q, ReceiptHandle=handle, VisibilityTimeout=5)
            refused('ReceiptHandleIsInvalid', sqs.delete_message, QueueUrl=q, ReceiptHandle='nonsense')
            failed, = sqs.delete_message_batch(QueueUrl=q, Entries=[dict(Id='1', ReceiptHandle=handle)])['Failed']
            assert failed['Code'] == 'InvalidParameterValue' and failed['SenderFault'], failed
            # In a standard queue the last handle is good for deleting, and for nothing else; an older one deletes nothing.
            q = queue(VisibilityTimeout='1')
            sqs.send_message(QueueUrl=q, MessageBody='x')
            first = take(q)[0]['ReceiptHandle']
            move('2s')
            refused('InvalidParameterValue', sqs.change_message_visibility, QueueUrl=q, ReceiptHandle=first, VisibilityTimeout=5)
            last = take(q)[0]['ReceiptHandle']
            sqs.delete_message(QueueUrl=q, ReceiptHandle=first)
            move('2s')
            sqs.delete_message(QueueUrl=q, ReceiptHandle=last)
            assert take(q) == []

        @row('the trace header is kept')
        def _():
            q = queue()
            trace = {'AWSTraceHeader': {'DataType': 'String', 'StringValue': 'Root=1-5759e988-bd862e3fe1be46a994272793'}}
            r = sqs.send_message(QueueUrl=q, MessageBody='x', MessageSystemAttributes=trace)
            assert r['MD5OfMessageSystemAttributes'] == md5s(trace), r
            assert take(q, AttributeNames=['All'])[0]['Attributes']['AWSTraceHeader'] == trace['AWSTraceHeader']['StringValue']

        @row('the clock drives visibility, delay and retention')
        def _():
            q = queue(VisibilityTimeout='60', MessageRetentionPeriod='3600')
            sqs.send_message(QueueUrl=q, MessageBody='x', DelaySeconds=900)
            assert take(q) == []
            move('901s')
            assert len(take(q)) == 1 and take(q) == []
            move('59s'); assert take(q) == []
            move('2s')
            assert take(q, AttributeNames=['All'])[0]['Attributes']['ApproximateReceiveCount'] == '2'
            move('1h'); assert take(q) == []
            a = sqs.get_queue_attributes(QueueUrl=q, AttributeNames=['All'])['Attributes']
            assert a['ApproximateNumberOfMessages'] == a['ApproximateNumberOfMessagesNotVisible'] == '0', a

        @row('tags and attributes')
        def _():
            q = sqs.create_queue(QueueName='tagged', tags={'a': '1', 'b': '2'}, Attributes={'VisibilityTimeout': '5'})['QueueUrl']
            sqs.tag_queue(QueueUrl=q, Tags={'c': '3'}); sqs.untag_queue(QueueUrl=q, TagKeys=['a'])
            assert sqs.list_queue_tags(QueueUrl=q)['Tags'] == {'b': '2', 'c': '3'}
            sqs.set_queue_attributes(QueueUrl=q, Attributes={'DelaySeconds': '3'})
            a = sqs.get_queue_attributes(QueueUrl=q, AttributeNames=['DelaySeconds', 'VisibilityTimeout'])['Attributes']
            assert a == {'DelaySeconds': '3', 'VisibilityTimeout': '5'}, a
            assert sqs.create_queue(QueueName='tagged', Attributes={'VisibilityTimeout': '5'})['QueueUrl'] == q
            refused('QueueAlreadyExists', sqs.create_queue, QueueName='tagged', Attributes={'VisibilityTimeout': '6'})
            refused('AWS.SimpleQueueService.NonExistentQueue', sqs.get_queue_url, QueueName='absent')

        @row('batches are checked as a whole')
        def _():
            q = queue()
            s = 'AWS.SimpleQueueService.'
            refused(s + 'EmptyBatchRequest', sqs.send_message_batch, QueueUrl=q, Entries=[])
            refused(s + 'TooManyEntriesInBatchRequest', sqs.send_message_batch, QueueUrl=q, Entries=[dict(Id=str(n), MessageBody='x') for n in range(11)])
            refused(s + 'BatchEntryIdsNotDistinct', sqs.send_message_batch, QueueUrl=q, Entries=[dict(Id='1', MessageBody='x')] * 2)
            refused(s + 'InvalidBatchEntryId', sqs.send_message_batch, QueueUrl=q, Entries=[dict(Id='a b', MessageBody='x')])
            refused(s + 'BatchRequestTooLong', sqs.send_message_batch, QueueUrl=q, Entries=[dict(Id=str(n), MessageBody='x' * 600000) for n in range(2)])
            r = sqs.delete_message_batch(QueueUrl=q, Entries=[dict(Id='1', ReceiptHandle='nonsense')])
            assert r['Failed'][0]['Code'] == 'ReceiptHandleIsInvalid' and r['Failed'][0]['SenderFault'], r

        @row('names and values have their limits')
        def _():
            q = queue()
            refused('InvalidParameterValue', sqs.create_queue, QueueName='a b')
            refused('InvalidAttributeName', sqs.create_queue, QueueName='x', Attributes={'Nonsense': '1'})
            refused('InvalidAttributeValue', sqs.create_queue, QueueName='x', Attributes={'VisibilityTimeout': '43201'})
            refused('InvalidParameterValue', sqs.receive_message, QueueUrl=q, MaxNumberOfMessages=11)
            refused('InvalidParameterValue', sqs.receive_message, QueueUrl=q, WaitTimeSeconds=21)
            refused('InvalidParameterValue', sqs.send_message, QueueUrl=q, MessageBody='x', DelaySeconds=901)
            refused('InvalidMessageContents', sqs.send_message, QueueUrl=q, MessageBody='\x01')
            refused('InvalidParameterValue', sqs.send_message, QueueUrl=q, MessageBody='x', MessageAttributes={'a': {'DataType': 'Strange', 'StringValue': 'x'}})
            refused('MissingParameter', sqs.send_message, QueueUrl=queue(True), MessageBody='x')

        @row('lists go on where they ended')
        def _():
            for n in range(5): sqs.create_queue(QueueName='list-%d' % n)
            got = [u for page in sqs.get_paginator('list_queues').paginate(QueueNamePrefix='list-', PaginationConfig={'PageSize': 2}) for u in page.get('QueueUrls', [])]
            assert [u.split('/')[-1] for u in got] == ['list-%d' % n for n in range(5)], got

        @row('what is binary stays binary')
        def _():
            q = queue()
            sqs.send_message(QueueUrl=q, MessageBody='x', MessageAttributes={'raw': kinds['raw']})
            assert take(q, MessageAttributeNames=['raw'])[0]['MessageAttributes']['raw']['BinaryValue'] == b'\x00\xff'

        @row('a purge within a minute is refused')
        def _():
            q = queue()
            sqs.send_message(QueueUrl=q, MessageBody='x')
            sqs.purge_queue(QueueUrl=q)
            assert take(q) == []
            refused('AWS.SimpleQueueService.PurgeQueueInProgress', sqs.purge_queue, QueueUrl=q)
            move('61s')
            sqs.purge_queue(QueueUrl=q)

        @row('the ID from a body is its SHA-256')
        def _():
            q = queue(True, ContentBasedDeduplication='true')
            sqs.send_message(QueueUrl=q, MessageBody='grüße', MessageGroupId='g')
            got = take(q, MessageSystemAttributeNames=['All'])[0]['Attributes']['MessageDeduplicationId']
            assert got == hashlib.sha256('grüße'.encode()).hexdigest(), got

        @row('what JSON leaves out may be null, and nothing at all')
        def _():
            def ask(operation, body):
                headers = {'X-Amz-Target': 'AmazonSQS.' + operation, 'Content-Type': 'application/x-amz-json-1.0'}
                return json.load(urllib.request.urlopen(urllib.request.Request(endpoint, body, headers)))
            q = queue()
            assert q in ask('ListQueues', b'')['QueueUrls'] and q in ask('ListQueues', b'{"QueueNamePrefix":null,"MaxResults":null}')['QueueUrls']
            attribute = dict(DataType='String', StringValue='v', BinaryValue=None)
            entry = dict(Id='1', MessageBody='x', DelaySeconds=None, MessageAttributes=dict(a=attribute), MessageGroupId=None)
            assert ask('SendMessageBatch', json.dumps(dict(QueueUrl=q, Entries=[entry])).encode())['Successful']
            ask('SendMessage', json.dumps(dict(QueueUrl=q, MessageBody='y', MessageAttributes=None)).encode())
            got = ask('ReceiveMessage', json.dumps(dict(QueueUrl=q, MaxNumberOfMessages=10, WaitTimeSeconds=None, AttributeNames=None)).encode())
            assert sorted(m['Body'] for m in got['Messages']) == ['x', 'y'], got

        @row('dead-letter sources go on where they ended')
        def _():
            dead = queue()
            policy = json.dumps({'deadLetterTargetArn': arn(dead), 'maxReceiveCount': 2})
            sources = [queue(RedrivePolicy=policy) for _ in range(5)]
            sizes, got = [], []
            for page in sqs.get_paginator('list_dead_letter_source_queues').paginate(QueueUrl=dead, PaginationConfig={'PageSize': 2}):
                sizes.append(len(page['queueUrls'])); got += page['queueUrls']
            assert sizes == [2, 2, 1] and sorted(got) == sorted(sources), (sizes, got)
            refused('InvalidParameterValue', sqs.list_dead_letter_source_queues, QueueUrl=dead, MaxResults=2, NextToken='junk')
            refused('InvalidParameterValue', sqs.list_dead_letter_source_queues, QueueUrl=dead, MaxResults=1001)
            refused('InvalidParameterValue', sqs.list_queues, MaxResults=2, NextToken='junk')

        @row('dead letters go to a queue of the same kind that is there')
        def _():
            standard, fifo = queue(), queue(True)
            def policy(target): return json.dumps({'deadLetterTargetArn': target, 'maxReceiveCount': 2})
            for kind, target in ((False, arn(standard) + '-absent'), (False, arn(fifo)), (True, arn(standard))):
                refused('InvalidParameterValue', queue, fifo=kind, RedrivePolicy=policy(target))
                refused('InvalidParameterValue', sqs.set_queue_attributes, QueueUrl=fifo if kind else standard, Attributes={'RedrivePolicy': policy(target)})
            refused('InvalidParameterValue', sqs.create_queue, QueueName='plain.fifo')

        @row('attributes are what they say')
        def _():
            q = queue()
            def kind(t, name='a', **value): return {name: dict(DataType=t, **value)}
            for wrong in (kind('Number', StringValue='abc'), kind('Number', StringValue='nan'), kind('String', BinaryValue=b'x'),
                          kind('Number', BinaryValue=b'1'), kind('Binary', StringValue='x'),
                          kind('String', 'AWS.x', StringValue='x'), kind('String', 'amazon.x', StringValue='x')):
                refused('InvalidParameterValue', sqs.send_message, QueueUrl=q, MessageBody='x', MessageAttributes=wrong)
            refused('InvalidMessageContents', sqs.send_message, QueueUrl=q, MessageBody='x', MessageAttributes=kind('String', StringValue='\x01'))
            refused('InvalidParameterValue', sqs.send_message, QueueUrl=q, MessageBody='x', MessageDeduplicationId='d')
            for right in ('-1.5e10', '+.5', '12345678901234567890'):
                sqs.send_message(QueueUrl=q, MessageBody='x', MessageAttributes=kind('Number', StringValue=right))
            sqs.send_message(QueueUrl=q, MessageBody='x', MessageGroupId='g', MessageAttributes=kind('String', 'AWSx', StringValue='x'))

        for name, test in rows:
            try:
                test()
                print('ok: ' + name)
            except Exception:
                print('failed: ' + name)
                traceback.print_exc()
        """#
}
