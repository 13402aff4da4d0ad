#include "cposixmq.h"
