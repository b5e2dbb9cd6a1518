"""grpc.testing.TestService on gRPC's own library: the peer of interop_client.

Prints "listening on PORT"; ends when its standard input ends.
"""

import concurrent.futures
import sys
import time

import grpc

from tests.interop import interop_pb2 as pb

SERVICE = "grpc.testing.TestService"


def echo_metadata(context):
    request = dict(context.invocation_metadata())
    initial = "x-grpc-test-echo-initial"
    trailing = "x-grpc-test-echo-trailing-bin"
    if initial in request:
        context.send_initial_metadata(((initial, request[initial]),))
    if trailing in request:
        context.set_trailing_metadata(((trailing, request[trailing]),))


def echo_status(request, context):
    """True when the caller asked for a status, which is then set."""
    if not request.HasField("response_status"):
        return False
    context.set_code(request.response_status.code)
    context.set_details(request.response_status.message)
    return True


def payload(size):
    return pb.Payload(body=b"\0" * size)


def empty_call(request, context):
    return pb.Empty()


def unary_call(request, context):
    echo_metadata(context)
    if echo_status(request, context):
        return pb.SimpleResponse()
    return pb.SimpleResponse(payload=payload(request.response_size))


def streaming_input_call(requests, context):
    return pb.StreamingInputCallResponse(aggregated_payload_size=sum(len(r.payload.body) for r in requests))


def replies(request):
    for wanted in request.response_parameters:
        time.sleep(wanted.interval_us / 1e6)
        yield pb.StreamingOutputCallResponse(payload=payload(wanted.size))


def streaming_output_call(request, context):
    yield from replies(request)


def full_duplex_call(requests, context):
    echo_metadata(context)
    for request in requests:
        if echo_status(request, context):
            return
        yield from replies(request)


# gRPC's library has codes as objects; the wire has numbers.
CODES = {code.value[0]: code for code in grpc.StatusCode}


class Context:
    """Lets the handlers above set a status by its number."""

    def __init__(self, context):
        self._context = context

    def set_code(self, number):
        self._context.set_code(CODES.get(number, grpc.StatusCode.UNKNOWN))

    def __getattr__(self, name):
        return getattr(self._context, name)


def wrapped(handler):
    return lambda request, context: handler(request, Context(context))


def handlers():
    def serialize(message):
        return message.SerializeToString()

    return grpc.method_handlers_generic_handler(SERVICE, {
        "EmptyCall": grpc.unary_unary_rpc_method_handler(
            wrapped(empty_call), pb.Empty.FromString, serialize),
        "UnaryCall": grpc.unary_unary_rpc_method_handler(
            wrapped(unary_call), pb.SimpleRequest.FromString, serialize),
        "StreamingInputCall": grpc.stream_unary_rpc_method_handler(
            wrapped(streaming_input_call), pb.StreamingInputCallRequest.FromString, serialize),
        "StreamingOutputCall": grpc.unary_stream_rpc_method_handler(
            wrapped(streaming_output_call), pb.StreamingOutputCallRequest.FromString, serialize),
        "FullDuplexCall": grpc.stream_stream_rpc_method_handler(
            wrapped(full_duplex_call), pb.StreamingOutputCallRequest.FromString, serialize),
    })


def main():
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=8))
    server.add_generic_rpc_handlers((handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print("listening on", port, flush=True)
    sys.stdin.read()
    server.stop(grace=None).wait(5)


if __name__ == "__main__":
    main()
