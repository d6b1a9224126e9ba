// The lab guest's only program: PID 1, counts in tenths of a second for all to see, and makes load on request.
//
// Port 7000 streams "tick COUNTER UPTIME_MS" every 100 ms. The counter belongs to the guest, not to the connection, so
// that a watcher can tell a guest that went on (next number, next line) from one that was restarted or ran twice.
// Port 7001 takes commands, one a line: "burn N [PERCENT]", "dirty MIB_PER_S [SIZE_MIB]", "disk on|off", "end off|reset|panic",
// "status". The counter also goes to the serial console and, when there is one, to the first block of the second disk,
// once a second. "disk on" writes numbered records with a checksum to the blocks after it, for whoever reads the image.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
  TICK_PORT = 7000,
  COMMAND_PORT = 7001,
  TICK_MS = 100,
  CLIENTS_MAX = 64,      // far more than a demo and its tests hold open
  BURNERS_MAX = 16,      // more busy loops than any lab guest has vCPUs
  LINE_MAX_BYTES = 128,  // the longest command is well under this
  DIRTY_RATE_MAX_MIB = 4096,
  BLOCK_BYTES = 512,     // the smallest write a virtio disk takes with O_DIRECT
  RECORD_MS = 50,        // many records in the time that a switch-over takes
  RECORD_BLOCKS = 2048,  // a ring of 1 MiB: 100 s of records, longer than any one fault
};

struct client {
  int fd;  // 0 when the place is free: 0 is the console, never a socket
  int isTicker;
  size_t length;
  char line[LINE_MAX_BYTES];
};

static struct client clients[CLIENTS_MAX];
static volatile uint64_t *counter;  // shared with the children
static volatile uint64_t *written;  // records that the second disk has acknowledged; shared likewise
static volatile uint64_t *refused;  // records that it has refused
static pid_t recorder;
static pid_t burners[BURNERS_MAX];
static int burnerCount, burnPercent;
static pid_t dirtier;
static int dirtyRateMib, dirtySizeMib;
static int epollFd;

static void die(const char *what) {
  // PID 1 that ends makes the kernel panic, which is the loudest message a guest has.
  dprintf(1, "guestd: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t uptimeMs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void sleepUntilMs(uint64_t atMs) {
  struct timespec at = {.tv_sec = (time_t)(atMs / 1000), .tv_nsec = (long)(atMs % 1000) * 1000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) {
  }
}

static pid_t startChild(void (*work)(void)) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // A child that kept a connection's descriptor would keep the connection open after it was dropped.
  close_range(3, ~0U, 0);
  work();
  _exit(0);
}

static void burn(void) {
  // The counter must go on while the guest burns all it has: the loops come last.
  setpriority(PRIO_PROCESS, 0, 19);
  // By the wall clock: a guest that is kept waiting does not make up for it, so it never asks for more than its share.
  for (;;) {
    const uint64_t startMs = uptimeMs();
    while (burnPercent == 100 || uptimeMs() < startMs + (uint64_t)burnPercent) {
    }
    sleepUntilMs(startMs + 100);
  }
}

static void dirty(void) {
  setpriority(PRIO_PROCESS, 0, 19);
  const size_t page = 4096, size = (size_t)dirtySizeMib << 20;
  unsigned char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) _exit(1);
  const uint64_t pagesPerSecond = ((uint64_t)dirtyRateMib << 20) / page;
  uint64_t owed = 0, at = 0;
  uint64_t nextMs = uptimeMs();
  for (;;) {
    owed += pagesPerSecond * 10;
    for (; owed >= 1000; owed -= 1000, at = (at + page) % size) memory[at]++;
    nextMs += 10;
    // A guest that was starved or paused does not make up for it in one burst.
    const uint64_t nowMs = uptimeMs();
    if (nextMs < nowMs) nextMs = nowMs;
    sleepUntilMs(nextMs);
  }
}

static void writeConsole(void) {
  for (uint64_t nextMs = uptimeMs();; nextMs += 1000) {
    sleepUntilMs(nextMs);
    dprintf(1, "tick %llu %llu\n", (unsigned long long)*counter, (unsigned long long)uptimeMs());
  }
}

static void writeDisk(void) {
  // O_DIRECT: what counts is what reached the disk, not what the guest remembers.
  const int fd = open("/dev/vdb", O_WRONLY | O_DIRECT | O_SYNC);
  if (fd < 0) _exit(0);
  char *block = aligned_alloc(4096, BLOCK_BYTES);
  for (uint64_t nextMs = uptimeMs();; nextMs += 1000) {
    sleepUntilMs(nextMs);
    memset(block, 0, BLOCK_BYTES);
    snprintf(block, BLOCK_BYTES, "tick %llu %llu\n", (unsigned long long)*counter,
             (unsigned long long)uptimeMs());
    if (pwrite(fd, block, BLOCK_BYTES, 0) != BLOCK_BYTES) dprintf(1, "guestd: second disk: %s\n", strerror(errno));
  }
}

// FNV-1a: enough to tell a torn or mixed block from a whole one.
static uint64_t checksum(const char *text) {
  uint64_t hash = 14695981039346656037ULL;
  for (; *text != 0; text++) hash = (hash ^ (unsigned char)*text) * 1099511628211ULL;
  return hash;
}

static void record(void) {
  // O_SYNC: a record counts as written once it is on the disk, so that whoever reads the image must find it there.
  const int fd = open("/dev/vdb", O_WRONLY | O_DIRECT | O_SYNC);
  if (fd < 0) _exit(0);
  char *block = aligned_alloc(4096, BLOCK_BYTES);
  for (uint64_t nextMs = uptimeMs();; nextMs += RECORD_MS) {
    const uint64_t nowMs = uptimeMs();
    if (nextMs < nowMs) nextMs = nowMs;
    sleepUntilMs(nextMs);
    const uint64_t number = *written + 1;
    memset(block, 0, BLOCK_BYTES);
    char text[96];
    snprintf(text, sizeof text, "record %llu %llu", (unsigned long long)number, (unsigned long long)uptimeMs());
    snprintf(block, BLOCK_BYTES, "%s %016llx\n", text, (unsigned long long)checksum(text));
    const off_t at = (off_t)(1 + number % RECORD_BLOCKS) * BLOCK_BYTES;
    if (pwrite(fd, block, BLOCK_BYTES, at) == BLOCK_BYTES) *written = number;
    else ++*refused;
  }
}

static void watch(int fd, void *tag) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = tag};
  if (epoll_ctl(epollFd, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
}

static int listenOn(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
  if (listen(fd, CLIENTS_MAX) < 0) die("listen");
  return fd;
}

static void drop(struct client *client) {
  close(client->fd);
  client->fd = 0;
}

static void say(struct client *client, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct client *client, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  // A reader who has left minutes of ticks unread is gone: its connection goes, the counter does not wait.
  if (send(client->fd, text, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) != length) drop(client);
}

static void accepted(int listener, int isTicker) {
  const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  for (struct client *client = clients; client < clients + CLIENTS_MAX; client++) {
    if (client->fd != 0) continue;
    *client = (struct client){.fd = fd, .isTicker = isTicker};
    watch(fd, client);
    return;
  }
  close(fd);
}

static void setBurners(int count, int percent) {
  while (burnerCount > (percent == burnPercent ? count : 0)) kill(burners[--burnerCount], SIGKILL);
  burnPercent = percent;
  while (burnerCount < count) burners[burnerCount++] = startChild(burn);
}

static void setDirty(int rateMib, int sizeMib) {
  if (dirtier > 0) kill(dirtier, SIGKILL);
  dirtier = 0;
  dirtyRateMib = rateMib;
  dirtySizeMib = sizeMib;
  if (rateMib > 0) dirtier = startChild(dirty);
}

static void setRecorder(int on) {
  if (recorder > 0) kill(recorder, SIGKILL);
  recorder = on ? startChild(record) : 0;
}

static void endGuest(const char *how) {
  sync();
  if (strcmp(how, "off") == 0) reboot(RB_POWER_OFF);
  if (strcmp(how, "reset") == 0) reboot(RB_AUTOBOOT);
  // PID 1 that ends makes the kernel panic; panic=1 on its command line then starts it again after a second.
  if (strcmp(how, "panic") == 0) _exit(1);
}

static void status(struct client *client) {
  struct sysinfo info;
  sysinfo(&info);
  say(client,
      "ok counter=%llu uptimeMs=%llu burn=%d dirtyMibPerS=%d dirtySizeMib=%d freeBytes=%llu totalBytes=%llu"
      " recordsWritten=%llu recordsRefused=%llu\n",
      (unsigned long long)*counter, (unsigned long long)uptimeMs(), burnerCount, dirtyRateMib, dirtySizeMib,
      (unsigned long long)info.freeram * info.mem_unit, (unsigned long long)info.totalram * info.mem_unit,
      (unsigned long long)*written, (unsigned long long)*refused);
}

static void obey(struct client *client) {
  struct sysinfo info;
  sysinfo(&info);
  // Half of the memory: the rest of the guest is a few MiB, but running out of memory ends PID 1.
  const int sizeMaxMib = (int)((uint64_t)info.totalram * info.mem_unit >> 21);
  int amount, percent = 100, sizeMib = sizeMaxMib < 64 ? sizeMaxMib : 64;
  if (strcmp(client->line, "status") == 0) {
    status(client);
  } else if (sscanf(client->line, "burn %d %d", &amount, &percent) >= 1 && amount >= 0 &&
             amount <= BURNERS_MAX && percent > 0 && percent <= 100) {
    setBurners(amount, percent);
    say(client, "ok burn %d %d\n", amount, percent);
  } else if (sscanf(client->line, "dirty %d %d", &amount, &sizeMib) >= 1 && amount >= 0 &&
             amount <= DIRTY_RATE_MAX_MIB && sizeMib > 0 && sizeMib <= sizeMaxMib) {
    setDirty(amount, sizeMib);
    say(client, "ok dirty %d %d\n", amount, sizeMib);
  } else if (strcmp(client->line, "disk on") == 0 || strcmp(client->line, "disk off") == 0) {
    const int on = strcmp(client->line, "disk on") == 0;
    setRecorder(on);
    say(client, "ok %s recordsWritten=%llu\n", client->line, (unsigned long long)*written);
  } else if (strncmp(client->line, "end ", 4) == 0) {
    say(client, "ok %s\n", client->line);
    endGuest(client->line + 4);
  } else {
    say(client,
        "error: say burn 0..%d [PERCENT(1..100)], dirty MIB_PER_S(0..%d) [SIZE_MIB(1..%d)], disk on|off, end off|reset|panic or status\n",
        BURNERS_MAX, DIRTY_RATE_MAX_MIB, sizeMaxMib);
  }
}

static void received(struct client *client) {
  char bytes[LINE_MAX_BYTES];
  const ssize_t count = recv(client->fd, bytes, sizeof bytes, 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return drop(client);
  if (client->isTicker) return;
  for (ssize_t i = 0; i < count && client->fd != 0; i++) {
    if (bytes[i] == '\r') continue;
    if (bytes[i] == '\n') {
      client->line[client->length] = 0;
      client->length = 0;
      obey(client);
    } else if (client->length + 1 < LINE_MAX_BYTES) {
      client->line[client->length++] = bytes[i];
    } else {
      drop(client);
    }
  }
}

static void tick(int timerFd) {
  uint64_t missed;
  if (read(timerFd, &missed, sizeof missed) != sizeof missed) return;
  // One wake-up is one number, however late it is: numbers without a hole mean that no line was lost.
  ++*counter;
  for (struct client *client = clients; client < clients + CLIENTS_MAX; client++) {
    if (client->fd != 0 && client->isTicker)
      say(client, "tick %llu %llu\n", (unsigned long long)*counter, (unsigned long long)uptimeMs());
  }
}

static void powerButton(int fd) {
  struct input_event event;
  while (read(fd, &event, sizeof event) == sizeof event) {
    if (event.type != EV_KEY || event.code != KEY_POWER || event.value != 1) continue;
    dprintf(1, "guestd: power button\n");
    sync();
    reboot(RB_POWER_OFF);
  }
}

int main(void) {
  signal(SIGCHLD, SIG_IGN);  // PID 1 inherits every orphan; none is waited for
  counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (counter == MAP_FAILED) die("mmap");
  written = counter + 1;
  refused = counter + 2;
  epollFd = epoll_create1(EPOLL_CLOEXEC);
  int tickListener = listenOn(TICK_PORT), commandListener = listenOn(COMMAND_PORT);
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  const struct itimerspec period = {.it_interval = {.tv_nsec = TICK_MS * 1000000}, .it_value = {.tv_nsec = 1}};
  timerfd_settime(timer, 0, &period, NULL);
  int buttons[4];
  watch(timer, &timer);
  watch(tickListener, &tickListener);
  watch(commandListener, &commandListener);
  for (int i = 0; i < 4; i++) {
    char path[32];
    snprintf(path, sizeof path, "/dev/input/event%d", i);
    buttons[i] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (buttons[i] >= 0) watch(buttons[i], &buttons[i]);
  }
  startChild(writeConsole);
  startChild(writeDisk);
  dprintf(1, "guestd: ready\n");
  for (;;) {
    struct epoll_event events[16];
    const int count = epoll_wait(epollFd, events, 16, -1);
    for (int i = 0; i < count; i++) {
      void *tag = events[i].data.ptr;
      if (tag == &timer) tick(timer);
      else if (tag == &tickListener) accepted(tickListener, 1);
      else if (tag == &commandListener) accepted(commandListener, 0);
      else if (tag >= (void *)buttons && tag < (void *)(buttons + 4)) powerButton(*(int *)tag);
      else if (((struct client *)tag)->fd != 0) received(tag);
    }
  }
}
