"""What one writes with boto3 for a stream: batches of ten by several threads. send URL < lines, recv URL COUNT > lines."""

import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import Lock

import boto3
import botocore.config

THREADS = 8


def send(sqs, url):
    def publish(batch):
        entries = [{"Id": str(n), "MessageBody": line.rstrip("\n")} for n, line in enumerate(batch)]
        if len(sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]) != len(entries):
            sys.exit("a message failed")

    batches = iter(lambda: list(islice(sys.stdin, 10)), [])
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(publish, batches))


def receive(sqs, url, count):
    left, lock = count, Lock()

    def take(_):
        nonlocal left
        while True:
            with lock:
                wanted = min(10, left)
                left -= wanted
            if not wanted:
                return
            messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=wanted, WaitTimeSeconds=1).get("Messages", [])
            with lock:
                left += wanted - len(messages)
                sys.stdout.writelines(message["Body"] + "\n" for message in messages)
            if messages:
                entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
                sqs.delete_message_batch(QueueUrl=url, Entries=entries)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(take, range(THREADS)))


client = boto3.client("sqs", config=botocore.config.Config(max_pool_connections=THREADS))
if sys.argv[1] == "send":
    send(client, sys.argv[2])
else:
    receive(client, sys.argv[2], int(sys.argv[3]))
