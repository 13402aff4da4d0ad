// The limit for mq proxy: libzmq's own zmq_proxy between two sockets that bind.
//
//     zmq_proxy forwarder|streamer|queue FRONT BACK      until it is killed
//
// Build: cc -std=c11 -O2 -Wall -Wextra -Werror zmq_proxy.c -lzmq -o zmq_proxy

#include <err.h>
#include <string.h>
#include <zmq.h>

static void *bound(void *context, int type, const char *endpoint) {
    void *socket = zmq_socket(context, type);
    if (!socket || zmq_bind(socket, endpoint) < 0)
        errx(1, "%s: %s", endpoint, zmq_strerror(zmq_errno()));
    return socket;
}

int main(int count, char **words) {
    static const struct {
        const char *name;
        int front, back;
    } kinds[] = {
        {"forwarder", ZMQ_XSUB, ZMQ_XPUB},
        {"streamer", ZMQ_PULL, ZMQ_PUSH},
        {"queue", ZMQ_ROUTER, ZMQ_DEALER},
    };
    if (count != 4)
        errx(2, "zmq_proxy forwarder|streamer|queue FRONT BACK");
    void *context = zmq_ctx_new();
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
        if (strcmp(words[1], kinds[kind].name) == 0) {
            void *front = bound(context, kinds[kind].front, words[2]);
            void *back = bound(context, kinds[kind].back, words[3]);
            zmq_proxy(front, back, NULL);
            errx(1, "the proxy ended: %s", zmq_strerror(zmq_errno()));
        }
    errx(2, "there is no proxy called %s", words[1]);
}
