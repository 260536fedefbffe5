/* SPDX-License-Identifier: MIT */
/*
 * capos.h - everything the run-time library offers, for programs built with the SDK.
 *
 * The include root of the SDK is laid out as the tree is, so a program may include the single
 * headers by their names here instead.
 */
#ifndef USER_SDK_CAPOS_H
#define USER_SDK_CAPOS_H

#include "user/rt/barrier.h"
#include "user/rt/burn.h"
#include "user/rt/calls.h"
#include "user/rt/clock.h"
#include "user/rt/condition.h"
#include "user/rt/endpoint.h"
#include "user/rt/entry.h"
#include "user/rt/fault.h"
#include "user/rt/files.h"
#include "user/rt/irq.h"
#include "user/rt/layout.h"
#include "user/rt/ledger.h"
#include "user/rt/memory.h"
#include "user/rt/mutex.h"
#include "user/rt/print.h"
#include "user/rt/process.h"
#include "user/rt/program.h"
#include "user/rt/ring.h"
#include "user/rt/semaphore.h"
#include "user/rt/session.h"
#include "user/rt/stack.h"
#include "user/rt/syscall.h"
#include "user/rt/table.h"
#include "user/rt/tap.h"
#include "user/rt/thread.h"
#include "user/rt/waitlist.h"
#include "user/rt/why.h"

#endif /* USER_SDK_CAPOS_H */
