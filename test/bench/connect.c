/*
 * How long it takes to connect: the median of many connections by TCP, one after the other, in microseconds.
 *
 *     connect ADDRESS PORT COUNT
 *
 * A failed call ends it with a message. tcp(7)
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e6 + at.tv_nsec / 1e3;
}

/* Reset at the end, so that no port of ours waits in TIME_WAIT. */
static double connect_once(const struct sockaddr_in *to)
{
	const struct linger reset = {.l_onoff = 1};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	double start = now();

	if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0) {
		perror("connect");
		exit(1);
	}
	double took = now() - start;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	return took;
}

static int by_size(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return (difference > 0) - (difference < 0);
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int count = argc == 4 ? atoi(argv[3]) : 0;
	double *took = calloc(count > 0 ? count : 1, sizeof(*took));

	if (count < 1 || !took || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
		fprintf(stderr, "usage: connect ADDRESS PORT COUNT\n");
		return 1;
	}
	to.sin_port = htons(atoi(argv[2]));
	for (int i = 0; i < count; i++)
		took[i] = connect_once(&to);
	qsort(took, count, sizeof(*took), by_size);
	printf("%.2f\n", took[count / 2]);
	return 0;
}
