#define _GNU_SOURCE
#include "ccrypto.h"

#include <clibrary.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

const char *ccrypto_open(ccrypto_api *api, const char *name) {
    const clibrary_entry table[] = {
        {"SHA256", &api->sha256},
        {"MD5", &api->md5},
        {"HMAC", &api->hmac},
        {"EVP_sha256", &api->kind_sha256},
    };
    return clibrary_open(name, RTLD_NOW | RTLD_LOCAL, table, CLIBRARY_COUNT(table));
}

int ccrypto_spawn_shell(const char *command, int output) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    pid_t process = 0;
    char *const arguments[] = {"/bin/sh", "-c", (char *)command, NULL};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawnattr_init(&attributes);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int status = posix_spawn(&process, arguments[0], &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return status ? -status : process;
}
