"""The cases of gRPC's interoperability tests with gRPC's own library: the peer of interop_server.

    peer_client.py HOST:PORT CASE
"""

import queue
import sys

import grpc

from tests.interop import interop_pb2 as pb

SERVICE = "/grpc.testing.TestService/"
LIMIT = 20
WORDS = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001F608\t\n"
ECHO = (("x-grpc-test-echo-initial", "test_initial_metadata_value"),
        ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab"))


def payload(size):
    return pb.Payload(body=b"\0" * size)


def output_request(reply_size, payload_size):
    return pb.StreamingOutputCallRequest(
        response_parameters=[pb.ResponseParameters(size=reply_size)], payload=payload(payload_size))


def large_request():
    return pb.SimpleRequest(response_size=314159, payload=payload(271828))


def serialize(message):
    return message.SerializeToString()


class Peer:
    def __init__(self, channel):
        self.empty = channel.unary_unary(SERVICE + "EmptyCall", serialize, pb.Empty.FromString)
        self.unary = channel.unary_unary(SERVICE + "UnaryCall", serialize, pb.SimpleResponse.FromString)
        self.input = channel.stream_unary(
            SERVICE + "StreamingInputCall", serialize, pb.StreamingInputCallResponse.FromString)
        self.output = channel.unary_stream(
            SERVICE + "StreamingOutputCall", serialize, pb.StreamingOutputCallResponse.FromString)
        self.duplex = channel.stream_stream(
            SERVICE + "FullDuplexCall", serialize, pb.StreamingOutputCallResponse.FromString)
        self.channel = channel


class Requests:
    """Requests of a streaming call, sent one by one; None ends them."""

    def __init__(self):
        self._queue = queue.Queue()

    def send(self, request):
        self._queue.put(request)

    def end(self):
        self._queue.put(None)

    def __iter__(self):
        return self

    def __next__(self):
        request = self._queue.get(timeout=LIMIT)
        if request is None:
            raise StopIteration
        return request


def same(got, wanted):
    if got != wanted:
        raise AssertionError("%r instead of %r" % (got, wanted))


def fails_with(code, call):
    try:
        call()
    except grpc.RpcError as error:
        same(error.code(), code)
        return error
    raise AssertionError("no failure instead of %s" % code)


def sizes(replies):
    return [len(r.payload.body) for r in replies]


def empty_unary(peer):
    same(peer.empty(pb.Empty(), timeout=LIMIT).ByteSize(), 0)


def large_unary(peer):
    same(peer.unary(large_request(), timeout=LIMIT).payload.body, b"\0" * 314159)


def client_streaming(peer):
    requests = [pb.StreamingInputCallRequest(payload=payload(n)) for n in (27182, 8, 1828, 45904)]
    same(peer.input(iter(requests), timeout=LIMIT).aggregated_payload_size, 74922)


def server_streaming(peer):
    wanted = [31415, 9, 2653, 58979]
    request = pb.StreamingOutputCallRequest(response_parameters=[pb.ResponseParameters(size=n) for n in wanted])
    same(sizes(peer.output(request, timeout=LIMIT)), wanted)


def ping_pong(peer):
    requests = Requests()
    replies = peer.duplex(requests, timeout=LIMIT)
    for reply_size, payload_size in ((31415, 27182), (9, 8), (2653, 1828), (58979, 45904)):
        requests.send(output_request(reply_size, payload_size))
        same(len(next(replies).payload.body), reply_size)
    requests.end()
    same(list(replies), [])
    same(replies.code(), grpc.StatusCode.OK)


def empty_stream(peer):
    replies = peer.duplex(iter(()), timeout=LIMIT)
    same(list(replies), [])
    same(replies.code(), grpc.StatusCode.OK)


def cancel_after_begin(peer):
    call = peer.input.future(Requests(), timeout=LIMIT)
    call.cancel()
    same(call.cancelled(), True)
    same(call.code(), grpc.StatusCode.CANCELLED)


def cancel_after_first_response(peer):
    requests = Requests()
    replies = peer.duplex(requests, timeout=LIMIT)
    requests.send(output_request(31415, 27182))
    same(len(next(replies).payload.body), 31415)
    replies.cancel()
    fails_with(grpc.StatusCode.CANCELLED, lambda: next(replies))
    requests.end()


def timeout_on_sleeping_server(peer):
    requests = Requests()
    requests.send(pb.StreamingOutputCallRequest(payload=payload(27182)))
    fails_with(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: list(peer.duplex(requests, timeout=0.001)))
    requests.end()


def custom_metadata(peer):
    def check(initial, trailing):
        same(dict(initial).get(ECHO[0][0]), ECHO[0][1])
        same(dict(trailing).get(ECHO[1][0]), ECHO[1][1])

    reply, call = peer.unary.with_call(large_request(), metadata=ECHO, timeout=LIMIT)
    same(len(reply.payload.body), 314159)
    check(call.initial_metadata(), call.trailing_metadata())
    replies = peer.duplex(iter([output_request(314159, 271828)]), metadata=ECHO, timeout=LIMIT)
    same(sizes(replies), [314159])
    check(replies.initial_metadata(), replies.trailing_metadata())


def status_code_and_message(peer):
    status = pb.EchoStatus(code=2, message="test status message")
    error = fails_with(grpc.StatusCode.UNKNOWN,
                       lambda: peer.unary(pb.SimpleRequest(response_status=status), timeout=LIMIT))
    same(error.details(), status.message)
    request = pb.StreamingOutputCallRequest(response_status=status)
    error = fails_with(grpc.StatusCode.UNKNOWN, lambda: list(peer.duplex(iter([request]), timeout=LIMIT)))
    same(error.details(), status.message)


def special_status_message(peer):
    request = pb.SimpleRequest(response_status=pb.EchoStatus(code=2, message=WORDS))
    error = fails_with(grpc.StatusCode.UNKNOWN, lambda: peer.unary(request, timeout=LIMIT))
    same(error.details(), WORDS)


def unimplemented(peer, path):
    call = peer.channel.unary_unary(path, serialize, pb.Empty.FromString)
    fails_with(grpc.StatusCode.UNIMPLEMENTED, lambda: call(pb.Empty(), timeout=LIMIT))


def unimplemented_method(peer):
    unimplemented(peer, SERVICE + "UnimplementedCall")


def unimplemented_service(peer):
    unimplemented(peer, "/grpc.testing.UnimplementedService/UnimplementedCall")


CASES = (empty_unary, large_unary, client_streaming, server_streaming, ping_pong, empty_stream, cancel_after_begin,
         cancel_after_first_response, timeout_on_sleeping_server, custom_metadata, status_code_and_message,
         special_status_message, unimplemented_method, unimplemented_service)


def main():
    case = {c.__name__: c for c in CASES}[sys.argv[2]]
    with grpc.insecure_channel(sys.argv[1]) as channel:
        peer = Peer(channel)
        for _ in range(2):  # what a case leaves behind must not harm the next call
            case(peer)


if __name__ == "__main__":
    main()
